"""The clock's side of schedules: which are due, and one transaction for each time that came."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events
from appliance.domain.actor import SYSTEM
from appliance.domain.schedules import overlap, reckoning, rows, settling
from appliance.domain.schedules.reckoning import MOST, TICK
from appliance.domain.schedules.rows import Schedule, Tick
from appliance.errors import Problem

# Trouble of the box, not of the schedule: the time is kept and tried again.
PASSING = ("unavailable", "maintenance", "disk_full", "locked")
# A schedule that was reckoned this far ahead of the clock was reckoned by a clock that was wrong.
AHEAD_S = 60
Place = Callable[[Database, Schedule, datetime], Tick]


def due(db: Database) -> list[str]:
    """The schedules whose time has come, and those that were reckoned by a clock that has been set back since."""
    now = db.now()
    sql = """SELECT id FROM schedules WHERE state = 'active' AND fire_at <= :now
      UNION ALL SELECT id FROM schedules WHERE state = 'active' AND reckoned_at > :ahead AND fire_at > :now"""
    ahead = clock.iso(clock.parse(now) + timedelta(seconds=AHEAD_S))
    return [row["id"] for row in db.rows(sql, {"now": now, "ahead": ahead})]


def fire(db: Database, schedule_id: str) -> int:
    """Run what is due of one schedule, each time in its own transaction; how many. At most MOST in one go."""
    return next((n for n in range(1, MOST + 1) if not _fire(db, schedule_id)), MOST)


def fire_together(db: Database, schedule_ids: list[str]) -> list[str]:
    """Run one time of each schedule, all in one transaction; those that have more to do, or have to be alone.

    Raises whatever keeps one of them from it, and then nothing has happened: fire them one by one.
    """
    left = []
    with db.transaction():
        for schedule_id in schedule_ids:
            found = rows.held(db, schedule_id)
            # Ending the work of others takes their locks, which nobody may do who holds some already.
            alone = found is not None and found.overlap.endswith("_other")
            if alone or _turn(db, found, _place):
                left.append(schedule_id)
    return left


def waiting(db: Database) -> list[str]:
    """The schedules with a tick that waits for its turn while nothing of an earlier one is at work."""
    sql = f"""SELECT DISTINCT b.schedule_id FROM ticks b JOIN schedules s ON s.id = b.schedule_id
      WHERE b.state = 'buffered' AND s.state IN ('active', 'ended') AND NOT EXISTS (SELECT 1 FROM ticks k
        WHERE k.schedule_id = b.schedule_id AND {rows.AT_WORK})"""
    return [row["schedule_id"] for row in db.rows(sql)]


def drain(db: Database, schedule_id: str) -> int:
    """Start the oldest tick of the schedule that waits, if its turn has come."""
    try:
        with db.transaction():
            return _drain(db, schedule_id, lambda db, found, tick: overlap.start(db, found, tick.due_at, tick.kind))
    except Problem as problem:
        if problem.code in PASSING:
            raise
        refused = problem
    with db.transaction():
        return _drain(db, schedule_id, lambda db, found, tick: fail(db, found, tick.due_at, tick.kind, refused))


def fail(db: Database, found: Schedule, due: datetime | str, kind: str, problem: Problem) -> Tick:
    """Write down that this time could not be started, and why. In a transaction that holds the schedule."""
    ending = {"code": problem.code, "detail": problem.detail, "ended_at": clock.iso()}
    tick = rows.keep(db, found, due, kind, "failed", **ending)
    about = {"schedule_id": found.id, "due_at": tick.due_at, "tick": kind, "state": tick.state}
    events.record(db, SYSTEM, "schedule.ticked", task_id=None, **about)
    settling.failed(db, found.id, problem.detail)
    return tick


def missed(db: Database, found: Schedule, number: int, since: datetime, until: datetime, code: str) -> None:
    """One line for all times that came too late, or while the schedule was paused. In a transaction."""
    many = f"At least {number:,}" if number >= reckoning.COUNTED else f"{number:,}"
    times = "1 time" if number == 1 else f"{many} times, the last at {clock.iso(until)[:16]}Z"
    rows.keep(db, found, since, "calendar", "missed", number=number, code=code, detail=times)
    about = {"schedule_id": found.id, "due_at": clock.iso(since), "code": code}
    events.record(db, SYSTEM, "schedule.missed", task_id=None, number=number, **about)


def _fire(db: Database, schedule_id: str) -> bool:
    try:
        with db.transaction():
            return _turn(db, rows.held(db, schedule_id), _place)
    except Problem as problem:
        if problem.code in PASSING:
            raise
        refused = problem
    with db.transaction():
        found = rows.held(db, schedule_id)
        return _turn(db, found, lambda db, found, due: fail(db, found, due, "calendar", refused))


def _place(db: Database, found: Schedule, due: datetime) -> Tick:
    return overlap.place(db, found, due, "calendar")


def _turn(db: Database, found: Schedule | None, place: Place) -> bool:
    """One time of the schedule, and the next one from the calendar; whether that one is due too."""
    if found is None or found.state != "active" or found.fire_at is None:
        return False
    now = clock.parse(db.now())
    if found.fire_at > clock.iso(now):
        _reckon_again(db, found, now)
        return False
    came = reckoning.due(found, now)
    if came.missed and came.since and came.until:
        missed(db, found, came.missed, came.since, came.until, "late")
    if came.run is None or reckoning.fire_at(found, came.run) > now:
        return advance(db, found, came.run, now)
    tick = place(db, found, came.run)
    left = found.remaining
    if left is not None and tick.state in ("started", "buffered"):
        found = msgspec.structs.replace(found, remaining=left - 1)
    return advance(db, found, reckoning.after(found, came.run), now)


def advance(db: Database, found: Schedule, due: datetime | None, now: datetime) -> bool:
    """Set the next time; without one an active schedule has ended. In a transaction; whether it is due by now."""
    values = reckoning.values(found, due, now) | {"remaining": found.remaining}
    db.update("schedules", {"id": found.id}, **values)
    if due is None and db.update("schedules", {"id": found.id, "state": "active"}, state="ended"):
        events.record(db, SYSTEM, "schedule.ended", schedule_id=found.id)
    return due is not None and str(values["fire_at"]) <= clock.iso(now)


def _drain(db: Database, schedule_id: str, act: Callable[[Database, Schedule, Tick], Tick]) -> int:
    found = rows.held(db, schedule_id)
    if found is None or found.state not in ("active", "ended"):
        return 0
    settling.settle(db, schedule_id)
    queue = rows.waiting(db, schedule_id)
    if not queue or rows.busy(db, schedule_id):
        return 0
    act(db, found, queue[0])
    return 1


def _reckon_again(db: Database, found: Schedule, now: datetime) -> None:
    """The clock was set back: go by the one that holds now. What has fired has its tick and does not fire again."""
    if found.reckoned_at > clock.iso(now + timedelta(seconds=AHEAD_S)):
        advance(db, found, reckoning.after(found, now - TICK), now)
