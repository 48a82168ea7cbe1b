"""Runs: one attempt of an agent at a task, with lease, fence, cause and cost. The row is the truth."""

from typing import Any

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import approval_uses, events, records, standing
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.instances import landing
from appliance.domain.queueing import enqueue as enqueue
from appliance.domain.queueing import wake as wake
from appliance.errors import not_found

OPEN = ("ready", "running", "waiting")
BADLY = frozenset({"failed", "incomplete", "timed_out"})
DEADLINE = "deadline"
RECLAIMED = "reclaimed"
# Why a run was asked to stop → the state, code and sentence it ends with.
STOPS = {
    DEADLINE: ("timed_out", DEADLINE, "It took longer than its time limit. Raise the limit or split the task."),
    RECLAIMED: ("cancelled", RECLAIMED, "A person moved the task, which took it away from its agent."),
}
BY_A_PERSON = ("cancelled", "cancelled", "Stopped by a person.")


class Run(msgspec.Struct, frozen=True):
    """`state` is one of ready, running, waiting, succeeded, incomplete, failed, cancelled, timed_out and parked;

    `reason` says what a waiting run waits for, `wait_key` which one of those, and why a parked one is parked.
    `cause` is why it began, `lane` whether a person waits for it (interactive) or not (background), `fork_of` the run
    whose steps below `fork_key` it took over. `lease_until`, `ready_at` and `deadline_at` are UTC; `cost_nano` in
    nano-dollars, and `simulated` when a simulated provider made some of it up.
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
    cause: str = "started"
    lane: str = "background"
    origin_run: str | None = None
    provider_id: str | None = None
    fork_of: str | None = None
    fork_key: str = ""
    wait_key: str = ""
    deadline_at: str | None = None
    simulated: bool = False
    runtime: str = "builtin"

    @property
    def open(self) -> bool:
        return self.state in OPEN

    @property
    def ids(self) -> dict[str, str]:
        """What its events are about."""
        return {"task_id": self.task_id, "run_id": self.id, "agent_id": self.agent_id}

    @property
    def stopped_as(self) -> tuple[str, str, str]:
        """State, code and sentence with which a run ends that was asked to stop."""
        return STOPS.get(self.reason, BY_A_PERSON)


SELECT = """
SELECT r.*, EXISTS (SELECT 1 FROM calls c WHERE c.run_id = r.id AND c.simulated) AS simulated FROM runs r
"""


class FenceLost(Exception):
    """Another worker holds the run now; whatever this one was about to write is void."""


def get(db: Database, run_id: str) -> Run:
    """Raises Problem(not_found)."""
    row = db.one(SELECT + "WHERE r.id = :id", {"id": run_id})
    if row is None:
        raise not_found("run")
    return records.to(Run, row)


def of_task(db: Database, task_id: str) -> list[Run]:
    """Newest attempt first."""
    rows = db.rows(SELECT + "WHERE r.task_id = :id ORDER BY r.attempt DESC", {"id": task_id})
    return [records.to(Run, row) for row in rows]


def of_agent(db: Database, agent_id: str, limit: int) -> list[Run]:
    """The agent's newest runs, newest first."""
    sql = SELECT + "WHERE r.agent_id = :id ORDER BY r.created_at DESC, r.id DESC LIMIT :limit"
    return [records.to(Run, row) for row in db.rows(sql, {"id": agent_id, "limit": limit})]


def wait(db: Database, run: Run, reason: str, ready_at: str | None, detail: str, wait_key: str = "") -> bool:
    """Free the worker: the run goes on at `ready_at`, or when somebody wakes it (None). In a transaction.

    `wait_key` names what it waits for. False when it was asked to stop meanwhile: then it ends.
    """
    if (now := get(db, run.id)).cancel_requested:
        end(db, run, *now.stopped_as)
        return False
    # Waiting is an outcome: only deaths count towards parking.
    kept = {"failure_detail": detail, "claims_without_progress": 0, "wait_key": wait_key}
    _move(db, run, "waiting", reason=reason, ready_at=ready_at or "9999", **kept)
    events.record(db, SYSTEM, "run.waiting", **run.ids, reason=reason)
    return True


def end(db: Database, run: Run, state: str, code: str = "", detail: str = "") -> None:
    """The last move of a claimed run, in a transaction. Raises FenceLost."""
    _move(db, run, state, failure_code=code, failure_detail=detail, finished_at=clock.iso())
    _note_end(db, SYSTEM, run, state, code, detail)


def park(db: Database, run: Run, reason: str, detail: str) -> bool:
    """Set a claimed run aside until a person decides; `reason` is version, mismatch, poison or in_doubt.

    False when it was asked to stop meanwhile: then it ends, and nobody is asked. Raises FenceLost.
    """
    if (now := get(db, run.id)).cancel_requested:
        end(db, run, *now.stopped_as)
        return False
    _move(db, run, "parked", reason=reason, failure_code=reason, failure_detail=detail)
    standing.block(db, run.task_id, "needs_decision", detail, run.id)
    events.record(db, SYSTEM, "run.parked", **run.ids, reason=reason)
    return True


def stop_now(db: Database, actor: Actor, run: Run, ending: tuple[str, str, str] | None = None) -> None:
    """End a run that nobody works on, or whose worker is gone. In a transaction; a late worker loses its fence.

    `ending` is state, code and sentence where they are not those of a run that was asked to stop.
    """
    state, code, detail = ending or run.stopped_as
    values = {"failure_code": code, "failure_detail": detail, "finished_at": clock.iso(), "fence": run.fence + 1}
    held = {"id": run.id, "fence": run.fence, "state": run.state}
    if db.update("runs", held, state=state, cancel_requested=True, lease_until=None, reason="", **values):
        _note_end(db, actor, run, state, code, detail)


def wake_due(db: Database) -> int:
    """Make the runs whose timer is over claimable, in the order they came due."""
    sql = "SELECT id FROM runs WHERE state = 'waiting' AND ready_at <= :now ORDER BY ready_at LIMIT 500"
    due = db.rows(sql, {"now": clock.iso()})
    if not due:
        return 0
    with db.transaction():
        return sum(wake(db, row["id"]) for row in due)


def stop_overdue(db: Database) -> int:
    """Stop the runs whose time limit is over; how many."""
    sql = """SELECT id FROM runs WHERE deadline_at <= :now AND state IN ('ready', 'running', 'waiting')
      AND deadline_at IS NOT NULL AND cancel_requested = FALSE LIMIT 100"""
    due = db.rows(sql, {"now": clock.iso()})
    if not due:
        return 0
    with db.transaction():
        for row in due:
            request_cancel(db, SYSTEM, row["id"], DEADLINE)
    return len(due)


def request_cancel(db: Database, actor: Actor, run_id: str, why: str = "") -> Run:
    """A running run stops at its next fence check; one that is not running ends here. In a transaction.

    `why` is a key of STOPS, or nothing when a person asked.
    """
    run = get(db, run_id)
    if why and run.open and not run.cancel_requested:
        db.update("runs", {"id": run_id}, reason=why)
        run = msgspec.structs.replace(run, reason=why)
    if run.state == "running":
        # Asked once or twice, its worker ends its programs first; only then the state changes.
        if not run.cancel_requested:
            db.update("runs", {"id": run.id}, cancel_requested=True)
            events.record(db, actor, "run.cancel_requested", **run.ids)
    elif run.open or run.state == "parked":
        stop_now(db, actor, run)
    return get(db, run.id)


def skip(db: Database, run: Run, detail: str) -> None:
    """End a queued run that has nothing to do any more, before any model is called. In a transaction."""
    values = {"failure_code": "skipped", "failure_detail": detail, "finished_at": clock.iso()}
    if db.update("runs", {"id": run.id, "state": "ready"}, state="cancelled", **values):
        _note_end(db, SYSTEM, run, "cancelled", "skipped", detail)


def _note_end(db: Database, actor: Actor, run: Run, state: str, code: str, detail: str) -> None:
    approval_uses.withdraw(db, run.id)
    if state == "timed_out":
        standing.block(db, run.task_id, "needs_decision", detail, run.id)
    if state in BADLY:
        landing.task(db, actor, run.task_id)
    events.record(db, actor, f"run.{state}", **run.ids, code=code)


def _move(db: Database, run: Run, state: str, **values: Any) -> None:
    held = {"id": run.id, "fence": run.fence, "state": "running"}
    if not db.update("runs", held, state=state, lease_until=None, lease_owner="", **values):
        raise FenceLost(run.id)
