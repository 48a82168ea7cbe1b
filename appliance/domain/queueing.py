"""The two ways into the queue of runs: a new run, and one that waited. Rows only; wakes.py decides what may enter."""

from typing import Protocol

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import events, routing
from appliance.domain.actor import SYSTEM, Actor
from appliance.errors import Problem

OPEN = "('ready', 'running', 'waiting', 'parked')"
_BEFORE = f"""
SELECT COALESCE(MAX(attempt), 0) AS last, COALESCE(MAX(CASE WHEN state IN {OPEN} THEN 1 ELSE 0 END), 0) AS open
FROM runs WHERE task_id = :id
"""


class Startable(Protocol):
    """What a run needs to know of its task."""

    @property
    def id(self) -> str: ...
    @property
    def agent_id(self) -> str | None: ...
    @property
    def priority(self) -> int: ...


def enqueue(
    db: Database,
    actor: Actor,
    task: Startable,
    *,
    cause_event: int | None,
    retry_of: str | None = None,
    cause: str = "started",
    lane: str = "background",
    run_id: str = "",
    chain: str = "",
    depth: int = 0,
    origin_run: str | None = None,
) -> str:
    """Queue a run of the task's agent in the open transaction. Raises Problem(conflict) while one is open.

    Without a `chain` the run begins one. The provider account is the one that serves the agent's model now.
    """
    if task.agent_id is None:
        raise nobody()
    before = db.rows(_BEFORE, {"id": task.id})[0]
    if before["open"]:
        raise Problem("conflict", "This task has an open run already.")
    now, run_id, attempt = clock.iso(), run_id or ids.new(), before["last"] + 1
    row: Row = {"id": run_id, "task_id": task.id, "agent_id": task.agent_id, "attempt": attempt, "retry_of": retry_of}
    row |= {"state": "ready", "priority": task.priority, "ready_at": now, "created_at": now, "cause_event": cause_event}
    row |= {"cause": cause, "lane": lane, "chain": chain or run_id, "depth": depth, "origin_run": origin_run}
    db.insert("runs", row | agent(db, task.agent_id))
    values = {"run_id": run_id, "updated_at": now, "blocked_reason": "", "blocked_detail": ""}
    db.update("tasks", {"id": task.id}, state="todo", finished_at=None, **values)
    events.record(db, actor, "run.queued", task_id=task.id, run_id=run_id, agent_id=task.agent_id)
    return run_id


def wake(db: Database, run_id: str, lane: str = "") -> bool:
    """Make a waiting run claimable, in `lane` from now on. In a transaction; false when it no longer waits."""
    sql = """UPDATE runs SET state = 'ready', ready_at = :now, lane = COALESCE(CAST(:lane AS TEXT), lane)
      WHERE id = :id AND state = 'waiting' RETURNING *"""
    row = db.one(sql, {"id": run_id, "now": clock.iso(), "lane": lane or None})
    if row is None:
        return False
    events.record(db, SYSTEM, "run.ready", task_id=row["task_id"], run_id=run_id, agent_id=row["agent_id"])
    return True


def is_open(db: Database, task_id: str) -> bool:
    """Whether a run of the task has not ended; a parked one waits for a decision."""
    sql = f"SELECT id FROM runs WHERE task_id = :id AND state IN {OPEN} LIMIT 1"
    return db.one(sql, {"id": task_id}) is not None


def nobody() -> Problem:
    return Problem("conflict", "Nobody is assigned. Choose an agent first.")


def agent(db: Database, agent_id: str, found: Row | None = None) -> Row:
    """The revision the run keeps, and the account that will serve it where one does.

    `found` is the agent's revision and model for who has just read them.
    """
    if found is None:
        found = db.one("SELECT revision, model FROM agents WHERE id = :id AND deleted_at IS NULL", {"id": agent_id})
    if found is None:
        raise Problem("conflict", "The agent was removed. Choose another agent first.")
    try:
        account = routing.resolve(db, found["model"])[0].id
    except Problem:
        account = None
    return {"agent_revision": found["revision"], "provider_id": account}
