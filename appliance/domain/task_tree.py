"""A task with everything below it, as much of it as can be shown."""

import msgspec

from appliance.db.database import Database
from appliance.domain import records, tasks
from appliance.domain.tasks import Task

SHOWN = 50
LEVELS = 10
_COST = """
WITH RECURSIVE below (id, cost_nano) AS (SELECT id, cost_nano FROM tasks WHERE id = :id
  UNION ALL SELECT t.id, t.cost_nano FROM below b JOIN tasks t ON t.parent_id = b.id)
SELECT CAST(SUM(cost_nano) AS BIGINT) AS n FROM below
"""


class Tree(msgspec.Struct, frozen=True):
    """A task with what is below it; `cost_nano` is the cost of all of that, `more` how many children are not shown."""

    task: Task
    children: list["Tree"]
    cost_nano: int
    more: int = 0


def of(db: Database, ref: str, shown: int = SHOWN) -> Tree:
    """The task and its descendants, at most `shown` of each task's children."""
    return _branch(db, tasks.get(db, ref), shown, LEVELS)


def cost_nano(db: Database, task_id: str) -> int:
    """The cost of a task and of everything below it."""
    return int(db.value(_COST, {"id": task_id}))


def _branch(db: Database, root: Task, shown: int, levels: int) -> Tree:
    below = tasks.children(db, root.id, shown + 1)
    more = _count(db, root.id) - shown if len(below) > shown else 0
    below = below[:shown]
    parents = _parents(db, [child.id for child in below]) if levels else set()
    made = [_branch(db, c, shown, levels - 1) if c.id in parents else Tree(c, [], c.cost_nano) for c in below]
    whole = cost_nano(db, root.id) if more or not levels else root.cost_nano + sum(one.cost_nano for one in made)
    return Tree(root, made, whole, more)


def _count(db: Database, task_id: str) -> int:
    return int(db.value("SELECT COUNT(*) AS n FROM tasks WHERE parent_id = :id", {"id": task_id}))


def _parents(db: Database, task_ids: list[str]) -> set[str]:
    """Those of them that have children."""
    if not task_ids:
        return set()
    names, params = records.named(task_ids)
    rows = db.rows(f"SELECT DISTINCT parent_id FROM tasks WHERE parent_id IN ({names})", params)
    return {row["parent_id"] for row in rows}
