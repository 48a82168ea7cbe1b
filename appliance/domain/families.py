"""A parent hears of its sub-tasks: once when all have ended, at once when one can't go on.

A run that waits for them goes on; otherwise its agent is woken. Either is decided in the transaction that ends the
sub-task, and the wait looks at them in its own: whichever comes first, the other sees it.
"""

from typing import NamedTuple

from appliance.db.database import Database
from appliance.domain import awaited, events, queueing, wake_rows, wakes
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.awaited import TROUBLE

# A parent's agent waits for what agents work on or made; what people keep for themselves is no matter of its.
AWAITED = "({0}.agent_id IS NOT NULL OR {0}.created_by LIKE 'agent:%')"
_CHILD = f"""
SELECT c.parent_id, c.run_id, (SELECT COUNT(*) FROM tasks s WHERE s.parent_id = c.parent_id
    AND s.state NOT IN ('done', 'cancelled') AND {AWAITED.format("s")}) AS left_open
FROM tasks c JOIN tasks p ON p.id = c.parent_id
WHERE c.id = :id AND {AWAITED.format("c")} AND p.agent_id IS NOT NULL AND p.run_id IS NOT NULL
  AND p.state NOT IN ('done', 'cancelled', 'backlog')
"""


class _Run(NamedTuple):
    id: str
    chain: str
    depth: int


class _Parent(NamedTuple):
    id: str


class _Waiter(NamedTuple):
    """A parent's run that waits for its sub-tasks, or for the one that is its `wait_key`."""

    id: str
    task_id: str
    agent_id: str
    wait_key: str


def ended(db: Database, actor: Actor, child_id: str, state: str) -> None:
    """A task is done or cancelled, in the transaction that says so; nothing happens without a parent at work."""
    row = db.one(_CHILD, {"id": child_id})
    if (
        row
        and not _went_on(db, actor, row["parent_id"], child_id, state)
        and (state == "cancelled" or row["left_open"] == 0)
    ):
        _tell(db, actor, row["parent_id"], child_id, row["run_id"], state)


def stuck(db: Database, child_id: str, reason: str) -> None:
    """A task is blocked by something that its parent's agent may settle. In a transaction."""
    row = db.one(_CHILD, {"id": child_id}) if reason in TROUBLE else None
    if row and not _went_on(db, SYSTEM, row["parent_id"], child_id, reason):
        _tell(db, SYSTEM, row["parent_id"], child_id, row["run_id"], reason)


def reassigned(db: Database, actor: Actor, child_id: str) -> None:
    """A task has another assignee: a parent's run may have nothing left to wait for. In a transaction."""
    if parent_id := db.value("SELECT parent_id FROM tasks WHERE id = :id", {"id": child_id}):
        _went_on(db, actor, parent_id, child_id, "reassigned")


def _went_on(db: Database, actor: Actor, parent_id: str, child_id: str, state: str) -> bool:
    """Whether a run of the parent waits for sub-tasks; it goes on now if there is something to tell it."""
    sql = """SELECT r.id, r.task_id, r.agent_id, r.wait_key FROM runs r
      WHERE r.task_id = :id AND r.state = 'waiting' AND r.reason = 'child'"""
    row = db.one(sql, {"id": parent_id})
    if row is None:
        return False
    waiter = _Waiter(**row)
    if awaited.news(db, waiter, waiter.wait_key) is None:
        return True
    event = events.record(db, actor, "task.child_ended", task_id=parent_id, child_id=child_id, state=state)
    queueing.wake(db, waiter.id)
    found = wake_rows.draft(waiter.agent_id, parent_id, "child_ended", event, child_id)
    wake_rows.settle(db, found, "coalesced", "The run that waited for it goes on.", waiter.id)
    return True


def _tell(db: Database, actor: Actor, parent_id: str, child_id: str, run_id: str | None, state: str) -> None:
    event = events.record(db, actor, "task.child_ended", task_id=parent_id, child_id=child_id, state=state)
    row = db.one("SELECT id, chain, depth FROM runs WHERE id = :id", {"id": run_id})
    origin = _Run(row["id"], row["chain"], row["depth"]) if row else None
    # Back up to where the sub-task was handed out: depth counts how far work was passed down.
    wakes.wake(db, actor, _Parent(parent_id), "child_ended", event, origin=origin, deeper=-1, about=child_id)
