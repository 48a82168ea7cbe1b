"""Runs: one attempt of an agent at a task, with lease, fence, cause and cost. The row is the truth."""

from typing import TYPE_CHECKING, Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import agents, approval_uses, events, records
from appliance.domain.actor import SYSTEM, Actor
from appliance.errors import Problem, not_found

if TYPE_CHECKING:
    from appliance.domain.tasks import Task

OPEN = ("ready", "running", "waiting")
MAX_CLAIMS_WITHOUT_PROGRESS = 5


class Run(msgspec.Struct, frozen=True):
    """`state` is one of ready, running, waiting, succeeded, incomplete, failed, cancelled, timed_out and parked;

    `reason` says what a waiting run waits for. `lease_until` and `ready_at` are UTC; `cost_nano` in nano-dollars, and
    `simulated` when a simulated provider made some of it up.
    """

    id: str
    task_id: str
    agent_id: str
    agent_revision: int
    attempt: int
    retry_of: str | None
    state: str
    reason: str
    failure_code: str
    failure_detail: str
    priority: int
    ready_at: str
    lease_until: str | None
    lease_owner: str
    fence: int
    claims_without_progress: int
    cancel_requested: bool
    cause_event: int | None
    chain: str
    depth: int
    cost_nano: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    simulated: bool = False

    @property
    def open(self) -> bool:
        return self.state in OPEN


_SELECT = """
SELECT r.*, EXISTS (SELECT 1 FROM calls c WHERE c.run_id = r.id AND c.simulated) AS simulated FROM runs r
"""


class FenceLost(Exception):
    """Another worker holds the run now; whatever this one was about to write is void."""


def get(db: Database, run_id: str) -> Run:
    """Raises Problem(not_found)."""
    row = db.one(_SELECT + "WHERE r.id = :id", {"id": run_id})
    if row is None:
        raise not_found("run")
    return records.to(Run, row)


def of_task(db: Database, task_id: str) -> list[Run]:
    """Newest attempt first."""
    rows = db.rows(_SELECT + "WHERE r.task_id = :id ORDER BY r.attempt DESC", {"id": task_id})
    return [records.to(Run, row) for row in rows]


def of_agent(db: Database, agent_id: str, limit: int) -> list[Run]:
    """The agent's newest runs, newest first."""
    sql = _SELECT + "WHERE r.agent_id = :id ORDER BY r.created_at DESC, r.id DESC LIMIT :limit"
    return [records.to(Run, row) for row in db.rows(sql, {"id": agent_id, "limit": limit})]


def enqueue(db: Database, actor: Actor, task: "Task", *, cause_event: int | None, retry_of: str | None = None) -> str:
    """Queue a run of the task's agent in the open transaction. Raises Problem(conflict) while one is open."""
    if task.agent_id is None:
        raise Problem("conflict", "Nobody is assigned. Choose an agent first.")
    open_run = "SELECT id FROM runs WHERE task_id = :id AND state IN ('ready', 'running', 'waiting', 'parked')"
    if db.one(open_run, {"id": task.id}):
        raise Problem("conflict", "This task has an open run already.")
    now = clock.iso()
    last = db.value("SELECT COALESCE(MAX(attempt), 0) AS n FROM runs WHERE task_id = :id", {"id": task.id})
    run_id = ids.new()
    row: Row = {"id": run_id, "task_id": task.id, "agent_id": task.agent_id, "attempt": last + 1, "retry_of": retry_of}
    row |= {"agent_revision": agents.find(db, task.agent_id)["revision"], "state": "ready", "priority": task.priority}
    row |= {"ready_at": now, "cause_event": cause_event, "chain": run_id, "depth": 0, "created_at": now}
    db.insert("runs", row)
    values: dict[str, Any] = {"run_id": run_id, "updated_at": now, "blocked_reason": "", "blocked_detail": ""}
    db.update("tasks", {"id": task.id}, state="todo", finished_at=None, **values)
    events.record(db, actor, "run.queued", task_id=task.id, run_id=run_id, agent_id=task.agent_id)
    return run_id


def claim(db: Database, owner: str, lease_seconds: float) -> Run | None:
    """Take the next run that may start: highest priority, then oldest, agents within their concurrency."""
    now = clock.iso()
    sql = f"""
    UPDATE runs SET state = 'running', reason = '', lease_owner = :owner, lease_until = :until, fence = fence + 1,
      claims_without_progress = claims_without_progress + 1, started_at = COALESCE(started_at, :now)
    WHERE id = (
      SELECT r.id FROM runs r JOIN agents a ON a.id = r.agent_id
      WHERE r.state = 'ready' AND r.ready_at <= :now AND a.paused = FALSE AND
        (SELECT COUNT(*) FROM runs b WHERE b.agent_id = a.id AND b.state = 'running') < a.max_concurrency
      ORDER BY r.priority DESC, r.ready_at, r.id LIMIT 1 {db.skip_locked and "FOR UPDATE OF r SKIP LOCKED"})
    RETURNING *"""
    with db.transaction():
        row = db.one(sql, {"owner": owner, "until": clock.ahead(lease_seconds), "now": now})
        if row is None:
            return None
        run = records.to(Run, row)
        started = {"id": run.task_id, "now": now}
        db.execute(
            "UPDATE tasks SET state = 'in_progress', blocked_reason = '', blocked_detail = '', updated_at = :now, "
            "started_at = COALESCE(started_at, :now) WHERE id = :id AND state <> 'in_progress'",
            started,
        )
        events.record(db, SYSTEM, "run.started", task_id=run.task_id, run_id=run.id, agent_id=run.agent_id)
    return run


def hold(db: Database, run: Run, lease_seconds: float, progress: bool = False) -> bool:
    """Prove inside a transaction that this worker still has the run, and extend the lease; was a cancel asked for?

    Raises FenceLost when another worker has it.
    """
    sets = ", claims_without_progress = 0" if progress else ""
    row = db.one(
        f"UPDATE runs SET lease_until = :until{sets} "
        "WHERE id = :id AND fence = :fence AND state = 'running' RETURNING cancel_requested",
        {"until": clock.ahead(lease_seconds), "id": run.id, "fence": run.fence},
    )
    if row is None:
        raise FenceLost(run.id)
    return bool(row["cancel_requested"])


def wait(db: Database, run: Run, reason: str, ready_at: str | None, detail: str) -> bool:
    """Free the worker: the run goes on at `ready_at`, or when somebody wakes it (None). In a transaction.

    False when somebody cancelled it meanwhile: then it ends.
    """
    if get(db, run.id).cancel_requested:
        end(db, run, "cancelled", "cancelled", "Stopped by a person.")
        return False
    # Waiting is an outcome: only deaths count towards parking.
    kept = {"failure_detail": detail, "claims_without_progress": 0}
    _move(db, run, "waiting", reason=reason, ready_at=ready_at or "9999", **kept)
    events.record(db, SYSTEM, "run.waiting", task_id=run.task_id, run_id=run.id, agent_id=run.agent_id, reason=reason)
    return True


def end(db: Database, run: Run, state: str, code: str = "", detail: str = "") -> None:
    """The last move of a claimed run, in a transaction. Raises FenceLost."""
    _move(db, run, state, failure_code=code, failure_detail=detail, finished_at=clock.iso())
    approval_uses.withdraw(db, run.id)
    ids_ = {"task_id": run.task_id, "run_id": run.id, "agent_id": run.agent_id}
    events.record(db, SYSTEM, f"run.{state}", **ids_, code=code)


def wake(db: Database, run_id: str) -> bool:
    """Make a waiting run claimable. In a transaction; false when it no longer waits."""
    sql = "UPDATE runs SET state = 'ready', ready_at = :now WHERE id = :id AND state = 'waiting' RETURNING *"
    row = db.one(sql, {"id": run_id, "now": clock.iso()})
    if row is None:
        return False
    events.record(db, SYSTEM, "run.ready", task_id=row["task_id"], run_id=run_id, agent_id=row["agent_id"])
    return True


def release(db: Database, where: str, params: dict[str, Any]) -> int:
    """Void leases: crashed or expired runs become claimable again, or parked after five claims without progress."""
    with db.transaction():
        rows = db.rows(f"SELECT * FROM runs WHERE state = 'running' AND {where}", params)
        for row in rows:
            _give_back(db, records.to(Run, row))
    return len(rows)


def wake_due(db: Database) -> int:
    """Make the runs whose timer is over claimable."""
    sql = "SELECT id FROM runs WHERE state = 'waiting' AND ready_at <= :now ORDER BY ready_at LIMIT 500"
    due = db.rows(sql, {"now": clock.iso()})
    if not due:
        return 0
    with db.transaction():
        return sum(wake(db, row["id"]) for row in due)


def has_ready(db: Database) -> bool:
    return (
        db.one("SELECT id FROM runs WHERE state = 'ready' AND ready_at <= :now LIMIT 1", {"now": clock.iso()})
        is not None
    )


def release_expired(db: Database) -> int:
    """Take runs back from workers that went silent."""
    now = clock.iso()
    if db.one("SELECT id FROM runs WHERE state = 'running' AND lease_until < :now LIMIT 1", {"now": now}) is None:
        return 0
    return release(db, "lease_until < :now", {"now": now})


def request_cancel(db: Database, actor: Actor, run_id: str) -> Run:
    """A running run stops at its next fence check; one that is not running ends here. In a transaction."""
    run = get(db, run_id)
    if run.open or run.state == "parked":
        db.update("runs", {"id": run.id}, cancel_requested=True)
        kept = {"task_id": run.task_id, "run_id": run.id, "agent_id": run.agent_id}
        if run.state != "running":
            db.update("runs", {"id": run.id}, state="cancelled", finished_at=clock.iso(), fence=run.fence + 1)
            approval_uses.withdraw(db, run.id)
            events.record(db, actor, "run.cancelled", **kept)
        else:
            events.record(db, actor, "run.cancel_requested", **kept)
    return get(db, run.id)


def _give_back(db: Database, run: Run) -> None:
    poisoned = run.claims_without_progress >= MAX_CLAIMS_WITHOUT_PROGRESS and not run.cancel_requested
    values: dict[str, Any] = {"state": "ready", "lease_until": None, "ready_at": clock.iso()}
    if poisoned:
        values = {"state": "parked", "reason": "poison", "failure_code": "poison", "lease_until": None}
        values["failure_detail"] = (
            "The worker died five times at the same step. Look at the run's last step, then retry."
        )
    if run.cancel_requested:
        values = {"state": "cancelled", "finished_at": clock.iso()}
    if not db.update("runs", {"id": run.id, "fence": run.fence, "state": "running"}, **values):
        return
    if run.cancel_requested:
        approval_uses.withdraw(db, run.id)
    if poisoned:
        detail = {"blocked_reason": "needs_decision", "blocked_detail": values["failure_detail"]}
        db.update("tasks", {"id": run.task_id}, state="blocked", **detail)
    kind = f"run.{values['state']}" if values["state"] != "ready" else "run.released"
    events.record(db, SYSTEM, kind, task_id=run.task_id, run_id=run.id, agent_id=run.agent_id)


def _move(db: Database, run: Run, state: str, **values: Any) -> None:
    held = {"id": run.id, "fence": run.fence, "state": "running"}
    if not db.update("runs", held, state=state, lease_until=None, lease_owner="", **values):
        raise FenceLost(run.id)
