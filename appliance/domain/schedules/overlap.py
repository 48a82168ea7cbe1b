"""A time has come: start, wait, or leave it out, by what of earlier times is still at work.

At work is whatever an earlier tick of the schedule started, of any kind, that goes on: an instance that has not ended,
a task that is neither done nor cancelled or whose run still works. A task whose run failed, or that only waits to be
looked at, stands still: one that nobody mends or reads must not keep every later time from starting.
"""

from datetime import datetime

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events
from appliance.domain.schedules import rows, settling, targets
from appliance.domain.schedules.rows import Schedule, Tick

# So many ticks wait for their turn at most.
BUFFERED_MOST = 1000
REPLACED = "A later time took its place."


def place(db: Database, found: Schedule, due: datetime | str, kind: str) -> Tick:
    """Do what the schedule's overlap policy says about this time. In a transaction that holds the schedule.

    A tick that was placed before stays what it is. Raises what keeps the target from being started.
    """
    due_at = due if isinstance(due, str) else clock.iso(due)
    earlier = rows.tick(db, found.id, due_at, kind)
    if earlier and not _open(earlier):
        return earlier
    settling.settle(db, found.id)
    busy, waiting = rows.busy(db, found.id), rows.waiting(db, found.id)
    if found.overlap == "allow_all" or not (busy or waiting):
        return start(db, found, due_at, kind)
    if found.overlap == "terminate_other":
        _replace(db, found, waiting)
        for tick in busy:
            targets.end(db, found.actor, tick)
        settling.settle(db, found.id)
        return start(db, found, due_at, kind)
    if found.overlap == "cancel_other":
        _replace(db, found, waiting)
        for tick in busy:
            targets.stop(db, found.actor, tick)
        return _told(db, found, rows.keep(db, found, due_at, kind, "buffered", detail="It waits for that to stop."))
    room = {"skip": 0, "buffer_one": 1, "buffer_all": BUFFERED_MOST}[found.overlap]
    if len(waiting) < room:
        return _told(db, found, rows.keep(db, found, due_at, kind, "buffered", detail=_why(busy, waiting)))
    return _told(db, found, rows.keep(db, found, due_at, kind, "skipped", code="overlap", detail=_why(busy, waiting)))


def start(db: Database, found: Schedule, due_at: str, kind: str) -> Tick:
    """Start the target for this time, with its tick. In a transaction that holds the schedule."""
    made = targets.start(db, found, due_at, kind)
    ids = {"task_id": made.task_id, "instance_id": made.instance_id}
    return _told(db, found, rows.keep(db, found, due_at, kind, "started", **ids, started_at=clock.iso()))


def _open(tick: Tick) -> bool:
    """Whether a tick that is there may still be placed: a backfill that started nothing can be asked for again."""
    nothing = tick.kind == "backfill" and tick.task_id is None and tick.state in ("skipped", "failed")
    return nothing or tick.state == "missed"


def _replace(db: Database, found: Schedule, waiting: list[Tick]) -> None:
    for tick in waiting:
        values = {"state": "skipped", "code": "overlap", "detail": REPLACED}
        db.update("ticks", {"schedule_id": found.id, "due_at": tick.due_at, "kind": tick.kind}, **values)


def _why(busy: list[Tick], waiting: list[Tick]) -> str:
    if len(waiting) >= BUFFERED_MOST:
        return f"{BUFFERED_MOST:,} times wait already."
    if not busy:
        return "An earlier time waits for its turn."
    held = " (blocked)" if busy[0].task_state == "blocked" else ""
    more = f", nor {len(busy) - 1} more" if len(busy) > 1 else ""
    return f"#{busy[0].task_number}{held} has not ended{more}."


def _told(db: Database, found: Schedule, tick: Tick) -> Tick:
    about = {"schedule_id": found.id, "due_at": tick.due_at, "tick": tick.kind, "state": tick.state}
    events.record(db, found.actor, "schedule.ticked", task_id=tick.task_id, **about)
    return tick
