"""The tree below a task as a picture: the nearest sub-tasks with their states, and figures of all of them."""

import msgspec

from appliance.db.database import Database
from appliance.domain import records

DEEPEST = 60
_BELOW = """
WITH RECURSIVE below (id, depth) AS (
  SELECT id, 0 FROM tasks WHERE id = :id
  UNION SELECT t.id, b.depth + 1 FROM tasks t JOIN below b ON t.parent_id = b.id WHERE b.depth < :deepest)
"""
_COUNTS = f"""{_BELOW}
SELECT COUNT(*) AS total, CAST(COALESCE(SUM(CASE WHEN t.state = 'done' THEN 1 ELSE 0 END), 0) AS BIGINT) AS done,
  CAST(COALESCE(SUM(CASE WHEN t.state = 'cancelled' THEN 1 ELSE 0 END), 0) AS BIGINT) AS cancelled,
  CAST(COALESCE(SUM(t.cost_nano), 0) AS BIGINT) AS cost_nano
FROM tasks t JOIN below b ON b.id = t.id WHERE b.depth > 0"""
_BRANCHES = f"""{_BELOW}
SELECT t.id, t.number, t.title, t.state, t.parent_id, t.agent_id, t.cost_nano, t.blocked_reason, b.depth,
  a.name AS agent_name, r.state AS run_state, r.reason AS run_reason
FROM tasks t JOIN below b ON b.id = t.id LEFT JOIN agents a ON a.id = t.agent_id LEFT JOIN runs r ON r.id = t.run_id
WHERE b.depth > 0 ORDER BY b.depth, t.number LIMIT :limit"""


class Branch(msgspec.Struct, frozen=True):
    """A sub-task as far as a picture of the tree has to know it; `depth` is 1 right below the task."""

    id: str
    number: int
    title: str
    state: str
    parent_id: str
    agent_id: str | None
    cost_nano: int
    blocked_reason: str
    depth: int
    agent_name: str | None = None
    run_state: str | None = None
    run_reason: str | None = None


class Below(msgspec.Struct, frozen=True):
    """`branches` are the nearest to the top, each after its parent; `total`, `done`, `cancelled` and `cost_nano` count
    all of them."""

    branches: list[Branch]
    total: int
    done: int
    cancelled: int
    cost_nano: int


def below(db: Database, task_id: str, limit: int) -> Below:
    """At most `limit` sub-tasks for a picture, and figures of all of them."""
    asked = {"id": task_id, "deepest": DEEPEST}
    counted = db.rows(_COUNTS, asked)[0]
    if not counted["total"]:
        return Below([], 0, 0, 0, 0)
    found = [records.to(Branch, row) for row in db.rows(_BRANCHES, asked | {"limit": limit})]
    under: dict[str, list[Branch]] = {}
    for branch in found:
        under.setdefault(branch.parent_id, []).append(branch)
    return Below(_walk(task_id, under), *(int(counted[name]) for name in ("total", "done", "cancelled", "cost_nano")))


def _walk(parent_id: str, under: dict[str, list[Branch]]) -> list[Branch]:
    return [found for branch in under.get(parent_id, []) for found in [branch, *_walk(branch.id, under)]]
