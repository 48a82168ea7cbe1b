"""From the calendar to the next time: bounds, jitter, and what came while nothing ran. Pure but for Structs."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from appliance import clock
from appliance.domain.schedules import calendars
from appliance.domain.schedules.rows import Schedule

# A time is on time this long, whatever the catch-up window: the sweep comes once a second, a burst takes a while.
GRACE_S = 60
# Of the times that came late the newest so many are run, so that a job of each minute does not replay by hundreds.
MOST = 10
# What was missed is counted up to here.
COUNTED = 10_000
TICK = timedelta(microseconds=1)


class Due(NamedTuple):
    """`missed` times came too late, the first of them at `since`, the last at `until`; then `run` is next, if any."""

    missed: int
    since: datetime | None
    until: datetime | None
    run: datetime | None


def jitter_s(found: Schedule, due: datetime) -> float:
    """By how much this time is put off: the same whenever and wherever it is asked, from 0 to `jitter_s`."""
    if not found.jitter_s:
        return 0.0
    digest = hashlib.sha256(f"{found.id}:{clock.iso(due)}".encode()).digest()
    return round(int.from_bytes(digest[:8], "big") / 2**64 * found.jitter_s, 3)


def fire_at(found: Schedule, due: datetime) -> datetime:
    return due + timedelta(seconds=jitter_s(found, due))


def after(found: Schedule, moment: datetime) -> datetime | None:
    """The schedule's next time after `moment`: from the calendar alone, whatever ran when."""
    if found.remaining == 0:
        return None
    if found.starts_at:
        moment = max(moment, clock.parse(found.starts_at) - TICK)
    due = calendars.next_after(found.spec, found.tz, moment)
    return None if due is None or (found.ends_at and clock.iso(due) >= found.ends_at) else due


def values(found: Schedule, due: datetime | None, now: datetime) -> dict[str, Any]:
    """The columns that say when it is due next."""
    fires = None if due is None else clock.iso(fire_at(found, due))
    return {"next_due": None if due is None else clock.iso(due), "fire_at": fires, "reckoned_at": clock.iso(now)}


def between(found: Schedule, start: datetime, end: datetime, limit: int = COUNTED) -> list[datetime]:
    """The schedule's times from `start` to before `end`, oldest first."""
    if found.ends_at:
        end = min(end, clock.parse(found.ends_at))
    return calendars.occurrences(found.spec, found.tz, start, end, limit)


def due(found: Schedule, now: datetime) -> Due:
    """What of the times since `next_due` is to be run now, and what is too late. Call it when `fire_at` has come."""
    assert found.next_due
    first = clock.parse(found.next_due)
    edge = now - timedelta(seconds=max(found.catch_up_s, GRACE_S) + found.jitter_s)
    old = between(found, first, edge) if first < edge else []
    late = between(found, max(first, edge), now + TICK)
    old, late = (old + late[:-MOST], late[-MOST:]) if len(late) < COUNTED else (old + late, [])
    if not old:
        return Due(0, None, None, late[0] if late else first)
    return Due(len(old), old[0], old[-1], late[0] if late else after(found, max(edge - TICK, old[-1])))
