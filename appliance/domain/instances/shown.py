"""What people look at of an instance: rows of the steps that are drawn, items by the page, signals, and the bill."""

from collections.abc import Sequence

import msgspec

from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.domain.instances import nodes
from appliance.domain.instances.nodes import Node
from appliance.domain.records import Page

CHUNK = 500


class Work(msgspec.Struct, frozen=True):
    """The task of a step. `cost_nano` holds what is below it too, in nano-dollars."""

    id: str
    number: int
    title: str
    state: str
    blocked_detail: str
    run_id: str | None
    run_state: str | None
    run_reason: str | None
    cost_nano: int
    simulated: bool


_LIGHT = ", ".join(
    f"{values[name]} AS {name}" if name in (values := {"input": "'null'", "output": "'null'"}) else name
    for name in Node.__struct_fields__
)
_WORK = """
SELECT t.id, t.number, t.title, t.state, t.blocked_detail, t.run_id, r.state AS run_state, r.reason AS run_reason,
  COALESCE(s.settled_nano, t.cost_nano) AS cost_nano,
  EXISTS (SELECT 1 FROM calls l JOIN tasks c ON c.id = l.task_id
    WHERE (c.id = t.id OR c.parent_id = t.id) AND l.simulated) AS simulated
FROM tasks t LEFT JOIN runs r ON r.id = t.run_id
LEFT JOIN spent s ON s.scope = 'task' AND s.scope_id = t.id AND s.span = 'lifetime'
"""
_SPENT = """
SELECT i.workflow_id, COUNT(*) AS n, CAST(SUM(COALESCE(s.settled_nano, 0)) AS BIGINT) AS nano
FROM instances i LEFT JOIN spent s ON s.scope = 'task' AND s.scope_id = i.task_id AND s.span = 'lifetime'
GROUP BY i.workflow_id
"""


def by_paths(db: Database, instance_id: str, paths: Sequence[str]) -> dict[str, Node]:
    """The steps of these paths that have started, without input and output: a map's hold all its items."""
    found: dict[str, Node] = {}
    for start in range(0, len(paths), CHUNK):
        names, params = records.named(list(paths[start : start + CHUNK]))
        sql = f"SELECT {_LIGHT} FROM nodes WHERE instance_id = :instance AND path IN ({names})"
        found |= {row["path"]: nodes.node(row) for row in db.rows(sql, params | {"instance": instance_id})}
    return found


def items(
    db: Database, instance_id: str, path: str, state: str = "", limit: int = records.LIMIT, cursor: str = ""
) -> Page[Node]:
    """The items of the map at `path` that have started, by their number. Raises Problem(bad_cursor)."""
    given: Row = {"id": instance_id, "scope": path, "state": state, "after": -1}
    given["limit"] = max(1, min(limit, records.LIMIT_MAX))
    tests = "AND state = :state" if state else ""
    if cursor:
        given["after"] = records.read_cursor(cursor, int)[0]
    sql = f"""SELECT * FROM nodes WHERE instance_id = :id AND scope = :scope AND kind = 'item'
      AND item > :after {tests} ORDER BY item LIMIT :limit + 1"""
    found = [nodes.node(row) for row in db.rows(sql, given)]
    return records.page(found, given["limit"], lambda one: (one.item,))


def work(db: Database, task_ids: Sequence[str]) -> dict[str, Work]:
    """By the task's id."""
    found: dict[str, Work] = {}
    for start in range(0, len(task_ids), CHUNK):
        names, params = records.named(list(task_ids[start : start + CHUNK]))
        rows = db.rows(f"{_WORK} WHERE t.id IN ({names})", params)
        found |= {row["id"]: records.to(Work, row) for row in rows}
    return found


def roots(db: Database, task_ids: Sequence[str]) -> dict[str, Work]:
    """Those of the tasks that carry out a workflow, by id."""
    names, params = records.named(list(task_ids))
    sql = f"{_WORK} JOIN instances i ON i.task_id = t.id WHERE t.id IN ({names})"
    return {row["id"]: records.to(Work, row) for row in db.rows(sql, params)} if task_ids else {}


def spent(db: Database) -> dict[str, tuple[int, int]]:
    """By the workflow's id: how many instances it has, and what they cost in nano-dollars."""
    return {row["workflow_id"]: (int(row["n"]), int(row["nano"])) for row in db.rows(_SPENT)}


def forks(db: Database, instance_id: str) -> list[tuple[str, int, str]]:
    """The instances that did steps of this one anew: (id, number, from which step), oldest first."""
    sql = """SELECT i.id, t.number, i.fork_from FROM instances i JOIN tasks t ON t.id = i.task_id
      WHERE i.fork_of = :id ORDER BY i.id"""
    return [(row["id"], int(row["number"]), row["fork_from"]) for row in db.rows(sql, {"id": instance_id})]


def changed(db: Database, instance_id: str, since: str, limit: int = CHUNK) -> list[Node]:
    """The steps that began or ended at `since` or later, in that order, without input and output."""
    sql = f"""SELECT {_LIGHT} FROM nodes WHERE instance_id = :id AND COALESCE(finished_at, started_at) >= :since
      ORDER BY COALESCE(finished_at, started_at), ord LIMIT :limit"""
    return [nodes.node(row) for row in db.rows(sql, {"id": instance_id, "since": since, "limit": limit})]
