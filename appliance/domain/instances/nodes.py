"""Nodes: the steps of an instance that have started, one row each, named by their path."""

from typing import Any

import msgspec

from appliance.db.database import Database, Row
from appliance.domain import records

OPEN = ("waiting", "running")
STATES = (*OPEN, "done", "failed", "skipped", "cancelled")
MOST = 500
EVERY = 10_000_000
CHUNK = 200
# What may change of a row after it was made.
_CHANGES: tuple[str, ...] = (
    "state",
    "landed",
    "attempt",
    "task_id",
    "approval_id",
    "child_id",
    "wait_key",
    "output",
    "data",
)
_CHANGES += ("failure_code", "failure_detail", "due_at", "wake_at", "finished_at")
_UPDATE = f"""UPDATE nodes SET {", ".join(f"{column} = :{column}" for column in _CHANGES)}
  WHERE instance_id = :instance_id AND path = :path"""


class Node(msgspec.Struct, frozen=True):
    """`kind` is that of its step, or item for one item of a map; `item` is its place in the map, from 0.

    A waiting node waits for a timer, a signal, a person, or the pause before its next `attempt`. `data` is what its
    kind has to keep: a map's counters {total, next, open, done, failed}, the branch a when has taken {taken}, the
    step that failed inside it {path}.
    """

    instance_id: str
    path: str
    scope: str
    step_id: str
    kind: str
    state: str
    landed: bool
    item: int | None
    attempt: int
    ord: int
    task_id: str | None
    approval_id: str | None
    child_id: str | None
    wait_key: str
    input: Any
    output: Any
    data: dict[str, Any]
    failure_code: str
    failure_detail: str
    due_at: str | None
    wake_at: str | None
    started_at: str
    finished_at: str | None

    @property
    def open(self) -> bool:
        return self.finished_at is None


def of(db: Database, instance_id: str, scope: str | None = None, limit: int = MOST, after: int = 0) -> list[Node]:
    """In the order they started, those with an `ord` above `after`; of one block, or of all."""
    where = "" if scope is None else "AND scope = :scope"
    sql = f"SELECT * FROM nodes WHERE instance_id = :id {where} AND ord > :after ORDER BY ord LIMIT :limit"
    return [node(row) for row in db.rows(sql, {"id": instance_id, "scope": scope, "after": after, "limit": limit})]


def get(db: Database, instance_id: str, path: str) -> Node | None:
    row = db.one("SELECT * FROM nodes WHERE instance_id = :id AND path = :path", {"id": instance_id, "path": path})
    return node(row) if row else None


def of_task(db: Database, task_id: str) -> Node | None:
    """The step that the task carries out."""
    row = db.one("SELECT * FROM nodes WHERE task_id = :id", {"id": task_id})
    return node(row) if row else None


def counts(db: Database, instance_id: str, scope_prefix: str = "") -> dict[str, int]:
    """How many are in each state, of those whose path begins with the prefix."""
    sql = f"SELECT state, COUNT(*) AS n FROM nodes WHERE instance_id = :id AND {BELOW} GROUP BY state"
    found = db.rows(sql, {"id": instance_id, "prefix": scope_prefix})
    return {row["state"]: int(row["n"]) for row in found}


# Not by a range: a server that sorts by the rules of a language passes over brackets and slashes.
BELOW = "SUBSTR(path, 1, LENGTH(CAST(:prefix AS TEXT))) = :prefix"


def give(db: Database, task_id: str, output: Any) -> None:
    """Keep what the step's task came to, in the transaction that ends its run; nothing for a task of no step."""
    sql = "UPDATE nodes SET output = :output WHERE task_id = :id AND finished_at IS NULL"
    db.execute(sql, {"id": task_id, "output": records.dump(output)})


def node(row: Row) -> Node:
    return records.to(Node, row, ("input", "output", "data"))


def insert_all(db: Database, made: list[Node]) -> None:
    for start in range(0, len(made), CHUNK):
        db.insert_all("nodes", [_row(one) for one in made[start : start + CHUNK]])


def update_all(db: Database, changed: list[Node]) -> None:
    """Write everything that may have changed of many rows."""
    if changed:
        db.execute_all(_UPDATE, [_row(one) for one in changed])


def _row(one: Node) -> Row:
    row = {name: getattr(one, name) for name in one.__struct_fields__}
    return row | {name: records.dump(row[name]) for name in ("input", "output", "data")}
