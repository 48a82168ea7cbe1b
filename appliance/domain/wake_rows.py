"""A wake as it is stored, and what can be asked about the wakes of a task."""

from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.errors import not_found

REASONS = ("started", "retried", "unblocked", "commented", "child_ended", "answered", "reopened", "workflow")
STATES = ("queued", "run", "dropped", "coalesced", "skipped", "tripped")


class Wake(msgspec.Struct, frozen=True):
    """Why an agent should look at a task, and what became of that.

    `state` is queued, run (`run_id` came of it), coalesced (it joined another wake or a run), skipped (there was
    nothing to do), dropped (a rule forbids it) or tripped (a breaker holds it); `detail` says why. `causes` holds every
    {reason, event, at, about} that led to it, `about` being a comment's or a sub-task's id. `depth` counts the wakes
    from the first of its chain.
    """

    id: str
    agent_id: str
    task_id: str
    reason: str
    cause_event: int | None
    causes: list[dict[str, Any]]
    origin_run: str | None
    chain: str
    depth: int
    lane: str
    not_before: str
    state: str
    detail: str
    run_id: str | None
    breaker_id: str | None
    created_at: str
    settled_at: str | None


class Target(msgspec.Struct, frozen=True):
    """The task as far as a wake has to know it; `blocker` is the number of an open one.

    `queued` says whether a wake of its agent waits there.
    """

    id: str
    number: int
    state: str
    agent_id: str | None
    priority: int
    run_id: str | None
    agent_works: bool
    blocker: int | None
    stopped: bool
    queued: bool


OPEN_BLOCKER = """
  FROM task_blockers e JOIN tasks b ON b.id = e.blocker_id
  WHERE e.task_id = t.id AND b.state <> 'done' AND NOT (b.state = 'cancelled' AND e.on_cancel = 'release')
"""
_TARGET = f"""
SELECT t.id, t.number, t.state, t.agent_id, t.priority, t.run_id,
  EXISTS (SELECT 1 FROM agents a WHERE a.id = t.agent_id AND a.deleted_at IS NULL) AS agent_works,
  (SELECT MIN(b.number) {OPEN_BLOCKER}) AS blocker,
  EXISTS (SELECT 1 FROM runs r WHERE r.id = t.run_id AND r.state = 'cancelled' AND r.failure_code <> 'skipped')
    AS stopped,
  EXISTS (SELECT 1 FROM wakes w WHERE w.agent_id = t.agent_id AND w.task_id = t.id AND w.state = 'queued') AS queued
FROM tasks t WHERE t.id = :id
"""


def target(db: Database, task_id: str) -> Target:
    row = db.one(_TARGET, {"id": task_id})
    if row is None:
        raise not_found("task")
    return records.to(Target, row)


def wake(row: Row) -> Wake:
    return records.to(Wake, row, ("causes",))


def get(db: Database, wake_id: str) -> Wake:
    """Raises Problem(not_found)."""
    row = db.one("SELECT * FROM wakes WHERE id = :id", {"id": wake_id})
    if row is None:
        raise not_found("wake")
    return wake(row)


def of_task(db: Database, task_id: str) -> list[Wake]:
    """Newest first."""
    rows = db.rows("SELECT * FROM wakes WHERE task_id = :id ORDER BY created_at DESC, id DESC", {"id": task_id})
    return [wake(row) for row in rows]


def queued(db: Database, agent_id: str, task_id: str) -> Wake | None:
    """The one that waits for its time, or for an open run to end."""
    sql = "SELECT * FROM wakes WHERE agent_id = :agent AND task_id = :task AND state = 'queued'"
    row = db.one(sql, {"agent": agent_id, "task": task_id})
    return wake(row) if row else None


def cause(reason: str, event: int | None, about: str) -> dict[str, Any]:
    return {"reason": reason, "event": event, "at": clock.iso(), "about": about}


def insert(db: Database, found: Wake) -> Wake:
    db.insert("wakes", msgspec.structs.asdict(found) | {"causes": records.dump(found.causes)})
    return found


def settle(
    db: Database, found: Wake, state: str, detail: str = "", run_id: str | None = None, fresh: bool = False
) -> Wake:
    """Its end, whether it was stored before or not; a `fresh` one was not."""
    settled = msgspec.structs.replace(found, state=state, detail=detail, run_id=run_id, settled_at=clock.iso())
    values = {"state": state, "detail": detail, "run_id": run_id, "settled_at": settled.settled_at}
    if fresh or not db.update("wakes", {"id": found.id}, breaker_id=found.breaker_id, **values):
        insert(db, settled)
    return settled


def draft(agent_id: str, task_id: str, reason: str, event: int | None, about: str, **more: Any) -> Wake:
    """A wake that is not stored yet."""
    made = ids.new()
    now = clock.iso()
    row: Row = {"id": made, "agent_id": agent_id, "task_id": task_id, "reason": reason, "cause_event": event}
    row |= {"causes": [cause(reason, event, about)], "origin_run": None, "chain": ids.new(), "depth": 0}
    row |= {"lane": "background", "not_before": now, "state": "queued", "detail": "", "run_id": None}
    row |= {"breaker_id": None, "created_at": now, "settled_at": None}
    return Wake(**(row | more))
