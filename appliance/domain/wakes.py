"""Wakes: the only way from something that happened to a run. A wake is a row; a run is what may come of it.

Rules, in this order: nobody wakes themselves; a chain is not deeper, and a run wakes no more, than allowed; a task that
has ended or belongs to somebody else is left alone; what is queued already is joined; a breaker may hold it.
"""

from typing import Protocol

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import loops, queueing, records, wake_rows
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.wake_rows import Target, Wake

BATCH = 200
INTERACTIVE, BACKGROUND = "interactive", "background"
# What a person asked for by name also takes a task out of the backlog.
ASKED = ("started", "retried", "reopened")


class Named(Protocol):
    @property
    def id(self) -> str: ...


class Origin(Protocol):
    """The run that caused a wake."""

    @property
    def id(self) -> str: ...
    @property
    def chain(self) -> str: ...
    @property
    def depth(self) -> int: ...


def wake(
    db: Database,
    actor: Actor,
    task: Named,
    reason: str,
    cause_event: int | None,
    *,
    origin: Origin | None = None,
    lane: str = BACKGROUND,
    deeper: int = 1,
    not_before: str | None = None,
    about: str = "",
) -> Wake:
    """Let the task's agent look at it, in the caller's transaction; what became of that is in the answer's `state`.

    `reason` is one of wake_rows.REASONS, `about` what it is about: a comment's or a sub-task's id. `origin` is the run
    that caused it; the wake is `deeper` than that one. Raises Problem(conflict) for a task without an agent.
    """
    with db.transaction():
        target = wake_rows.target(db, task.id)
        if target.agent_id is None:
            raise queueing.nobody()
        found = wake_rows.draft(target.agent_id, target.id, reason, cause_event, about, lane=lane)
        found = msgspec.structs.replace(found, not_before=not_before or found.not_before, **_lineage(origin, deeper))
        return _refused(db, actor, target, found) or _joined(db, actor, target, found) or _let(db, actor, target, found)


def sweep(db: Database) -> int:
    """Make runs of the queued wakes whose time has come and whose task has no open run; how many were settled."""
    sql = """SELECT w.* FROM wakes w WHERE w.state = 'queued' AND w.not_before <= :now AND NOT EXISTS (
        SELECT 1 FROM runs r WHERE r.task_id = w.task_id AND r.state IN ('ready', 'running', 'waiting', 'parked'))
      ORDER BY w.not_before, w.id LIMIT :most"""
    if not (due := db.rows(sql, {"now": clock.iso(), "most": BATCH})):
        return 0
    with db.transaction():
        found = [wake_rows.get(db, row["id"]) for row in due]
        return sum(_begin(db, SYSTEM, None, one).state != "queued" for one in found if one.state == "queued")


def release(db: Database, actor: Actor, found: Wake) -> Wake:
    """Let a held wake go on after all. In a transaction."""
    target = wake_rows.target(db, found.task_id)
    if joined := _joined(db, actor, target, msgspec.structs.replace(found, lane=INTERACTIVE)):
        return joined
    db.update("wakes", {"id": found.id}, state="queued", detail="", settled_at=None, lane=INTERACTIVE)
    return _begin(db, actor, target, wake_rows.get(db, found.id))


def _lineage(origin: Origin | None, deeper: int) -> dict[str, object]:
    if origin is None:
        return {}
    return {"origin_run": origin.id, "chain": origin.chain, "depth": max(0, origin.depth + deeper)}


def _refused(db: Database, actor: Actor, target: Target, found: Wake) -> Wake | None:
    if actor.kind == "agent" and actor.id == target.agent_id and found.reason != "started":
        return wake_rows.settle(db, found, "dropped", "The agent caused this itself.")
    if found.reason == "commented" and not actor.outside:
        return wake_rows.settle(db, found, "dropped", "Only a person's comment wakes an agent.")
    if detail := _pointless(target, found):
        return wake_rows.settle(db, found, "skipped", detail)
    if breaker := loops.over_limit(db, found):
        held = msgspec.structs.replace(found, breaker_id=breaker.id)
        return wake_rows.settle(db, held, "dropped", "The chain is too deep, or its run has woken too many.")
    return None


def _pointless(target: Target, found: Wake) -> str:
    """Why there is nothing to do for this agent, as a sentence; "" when there is. Asked at both ends of the queue."""
    if target.state in ("done", "cancelled"):
        return f"The task is {target.state}."
    if target.agent_id != found.agent_id:
        return "The task was given to somebody else."
    if not target.agent_works:
        return "The agent was removed."
    if target.state == "backlog" and found.reason not in ASKED:
        return "The task is in the backlog."
    if target.blocker is not None:
        return f"It waits for #{target.blocker}."
    stays = target.stopped and all(cause["reason"] == "child_ended" for cause in found.causes)
    return "A person stopped its run." if stays else ""


def _joined(db: Database, actor: Actor, target: Target, found: Wake) -> Wake | None:
    """Two reasons to look at the same thing are one run."""
    waits = target.queued or target.agent_id != found.agent_id
    if waits and (earlier := wake_rows.queued(db, found.agent_id, found.task_id)):
        _add_causes(db, earlier, found)
        _begin(db, actor, target, wake_rows.get(db, earlier.id))
        return wake_rows.settle(db, found, "coalesced", "Joined a wake that was queued already.")
    if target.run_id is None:
        return None
    fresh = """SELECT id FROM runs WHERE task_id = :task AND agent_id = :agent AND state = 'ready' AND fence = 0"""
    if run := db.one(fresh, {"task": target.id, "agent": found.agent_id}):
        if source := db.one("SELECT * FROM wakes WHERE run_id = :run AND state = 'run'", {"run": run["id"]}):
            _add_causes(db, wake_rows.wake(source), found)
        if found.lane == INTERACTIVE:
            db.update("runs", {"id": run["id"]}, lane=INTERACTIVE)
        return wake_rows.settle(db, found, "coalesced", "Joined a run that had not begun.", run["id"])
    return None


def _add_causes(db: Database, earlier: Wake, found: Wake) -> None:
    values = {"causes": records.dump([*earlier.causes, *found.causes])}
    values |= {"not_before": min(earlier.not_before, found.not_before)}
    values |= {"lane": INTERACTIVE if INTERACTIVE in (earlier.lane, found.lane) else BACKGROUND}
    db.update("wakes", {"id": earlier.id}, **values)


def _let(db: Database, actor: Actor, target: Target, found: Wake) -> Wake:
    # The first run of a new task goes round nothing yet.
    first = target.run_id is None and found.reason == "started" and found.origin_run is None
    if actor.outside:
        loops.lift(db, actor, found.agent_id, found.task_id)
    elif not first and (breaker := loops.hold_or_count(db, found)):
        held = msgspec.structs.replace(found, breaker_id=breaker.id)
        return wake_rows.settle(db, held, "tripped", "It seems to go round in circles; a person decides.")
    return _begin(db, actor, target, found, fresh=True)


def _begin(db: Database, actor: Actor, target: Target | None, found: Wake, fresh: bool = False) -> Wake:
    """Make the run, when it is time and no run of the task is open; until then the wake stays queued.

    A `fresh` one has no row yet.
    """
    target = target or wake_rows.target(db, found.task_id)
    if detail := _pointless(target, found):
        return wake_rows.settle(db, found, "skipped", detail)
    if found.not_before > clock.iso() or (target.run_id and queueing.is_open(db, target.id)):
        return wake_rows.insert(db, found) if fresh else found
    run_id = queueing.enqueue(
        db,
        actor,
        target,
        cause_event=found.cause_event,
        retry_of=target.run_id if found.reason == "retried" else None,
        cause=found.reason,
        lane=found.lane,
        run_id="" if found.origin_run else found.chain,
        chain=found.chain,
        depth=found.depth,
        origin_run=found.origin_run,
    )
    return wake_rows.settle(db, found, "run", run_id=run_id, fresh=fresh)
