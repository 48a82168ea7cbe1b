"""When a schedule is due: pure arithmetic over cron expressions and intervals in a time zone.

A spec is text: five cron fields (`0 9 * * mon-fri`), an alias (`@daily`), or `every 15m from 2026-01-01T09:00:00Z`.
Units are s, m, h, d and w; s, m and h count time that passes, d and w count days by the clock of the zone.

Cron is cronsim's, which does what Debian's cron(8) does when clocks change. A time of day that is skipped is due when
the gap ends, once; a time of day that comes twice is due the first time. With a `*` first in minute or hour the
expression follows the time that passes: nothing in a gap, and both times in an hour that comes twice.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from cronsim.explain import explain as in_words

from appliance import clock
from appliance.errors import invalid

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
UNITS = {"s": ("second", 1), "m": ("minute", 60), "h": ("hour", 3600), "d": ("day", 86_400), "w": ("week", 604_800)}
LONGEST = 100
# Later than this nobody waits for, and dates end in the year 9999.
LAST_YEAR = 9990
_EVERY = re.compile(r"every (\d{1,7})([smhdw]) from (\S+)", re.ASCII)
_INTERVAL = re.compile(r"(\d{1,7}) ?([smhdw])(?:ec(?:ond)?s?|in(?:ute)?s?|ours?|ays?|eeks?)?", re.ASCII)
_FIELDS = {"minute": "minute", "hour": "hour", "day-of-month": "day of the month", "month": "month"}
_FIELDS |= {"day-of-week": "day of the week"}


class Every(NamedTuple):
    """An interval of `number` units, of which one begins at `anchor`."""

    number: int
    unit: str
    anchor: datetime

    @property
    def by_the_clock(self) -> bool:
        return self.unit in "dw"

    @property
    def step(self) -> timedelta:
        return timedelta(seconds=self.number * UNITS[self.unit][1])


def every(interval: str, anchor: datetime) -> str:
    """The spec of an interval such as `15m` or `2 days`. Raises Problem(invalid) with the field `every`."""
    found = _INTERVAL.fullmatch(interval.strip().lower())
    count = int(found[1]) if found else 0
    if found is None or not 1 <= count * UNITS[found[2]][1] <= 366 * 86_400:
        raise invalid(every="give a number and s, m, h, d or w, for example 15m; from a second to a year")
    return f"every {count}{found[2]} from {clock.iso(anchor.replace(microsecond=0))}"


def check(spec: str, field: str = "cron") -> str:
    """The spec as it is kept. Raises Problem(invalid) for one that can't be read or never comes."""
    spec = " ".join(spec.split())
    if fault := _fault(spec):
        raise invalid(**{field: fault})
    return spec


def explain(spec: str) -> str:
    """What the spec means in words, or the sentence that says what is wrong with it."""
    if fault := _fault(spec):
        return fault
    interval = _interval(spec)
    if interval is None:
        return str(in_words(_cron(spec)))
    name = UNITS[interval.unit][0]
    return f"Every {name}" if interval.number == 1 else f"Every {interval.number} {name}s"


def next_after(spec: str, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """The first time after `moment` (UTC), None when there is none. The spec has to be one that `check` gave."""
    return next(_times(spec, zone, moment), None)


def occurrences(spec: str, zone: ZoneInfo, start: datetime, end: datetime, limit: int) -> list[datetime]:
    """The times from `start` to before `end` (UTC), oldest first, at most `limit`."""
    found: list[datetime] = []
    for moment in islice(_times(spec, zone, start - timedelta(microseconds=1)), limit):
        if moment >= end:
            break
        found.append(moment)
    return found


def remark(spec: str, zone: ZoneInfo, moment: datetime) -> str:
    """What a change of the clocks does to this time of the spec, as a sentence; "" when it does nothing."""
    local = moment.astimezone(zone)
    if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        if _by_the_clock(spec):
            return f"{local:%H:%M} comes twice that day; it runs the first time."
        return "This hour comes twice that day; it runs in both."
    before = (moment - timedelta(seconds=1)).astimezone(zone)
    gap = (local.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
    if gap > timedelta() and _by_the_clock(spec) and not _wanted(spec, zone, local):
        return f"The time it is set to is skipped that day; it runs at {local:%H:%M}, when the gap ends."
    return ""


def _times(spec: str, zone: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    interval = _interval(spec)
    if interval is None:
        return _cron_times(_cron(spec), zone, moment)
    return _clock_times(interval, zone, moment) if interval.by_the_clock else _elapsed_times(interval, moment)


def _cron_times(cron: str, zone: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    last = moment
    for local in CronSim(cron, moment.astimezone(UTC if zone.key == "UTC" else zone)):
        found = local.astimezone(UTC)
        if found.year > LAST_YEAR:
            return
        # In an hour that comes twice cronsim also gives times of the first one while the second goes on.
        if found > last:
            last = found
            yield found


def _elapsed_times(interval: Every, moment: datetime) -> Iterator[datetime]:
    found = interval.anchor
    if moment >= found:
        found += ((moment - found) // interval.step + 1) * interval.step
    while found.year <= LAST_YEAR:
        yield found
        found += interval.step


def _clock_times(interval: Every, zone: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    """Days by the clock: the same time of day, whatever the clocks did in between."""
    anchor = interval.anchor.astimezone(zone).replace(tzinfo=None)
    # Two steps early: a day is up to some hours longer or shorter than its wall clock says.
    n = max(0, (moment.astimezone(zone).replace(tzinfo=None) - anchor) // interval.step - 1)
    while (wall := anchor + n * interval.step).year <= LAST_YEAR:
        found = _real(wall, zone)
        if found > moment:
            yield found
        n += 1


def _real(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a wall clock's time: the first of two, and the end of the gap where there is none."""
    local = wall.replace(tzinfo=zone)
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    while found.astimezone(zone).replace(tzinfo=None) != wall:
        wall = wall.replace(second=0, microsecond=0) + timedelta(minutes=1)
        found = wall.replace(tzinfo=zone).astimezone(UTC)
    return found


def _wanted(spec: str, zone: ZoneInfo, local: datetime) -> bool:
    """Whether this is a time of day that the spec names itself."""
    interval = _interval(spec)
    if interval is not None:
        return local.time() == interval.anchor.astimezone(zone).time()
    sim = CronSim(_cron(spec), datetime(2000, 1, 1, tzinfo=UTC))
    return local.hour in sim.hours and local.minute in sim.minutes


def _by_the_clock(spec: str) -> bool:
    interval = _interval(spec)
    return _fixed(_cron(spec)) if interval is None else interval.by_the_clock


def _fixed(cron: str) -> bool:
    """Set to times of day, in the sense of cron(8)."""
    minute, hour = cron.split()[:2]
    return not minute.startswith("*") and not hour.startswith("*")


@lru_cache(1000)
def _interval(spec: str) -> Every | None:
    found = _EVERY.fullmatch(spec)
    return Every(int(found[1]), found[2], clock.parse(found[3])) if found else None


def _cron(spec: str) -> str:
    return ALIASES.get(spec.lower(), spec)


@lru_cache(1000)
def _fault(spec: str) -> str:
    """What is wrong with a spec, "" when nothing is."""
    if _interval(spec) is not None:
        return ""
    if spec.startswith("@") and spec.lower() not in ALIASES:
        return f"use one of {', '.join(ALIASES)}"
    cron = _cron(spec)
    if len(cron.split()) != 5 or len(cron) > LONGEST:
        return "give five fields: minute, hour, day of the month, month, day of the week; for example 0 9 * * 1-5"
    try:
        first = next(CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)), None)
    except CronSimError as error:
        field = _FIELDS.get(str(error).removeprefix("Bad "), "")
        if field == "day of the month" and _too_late(cron):
            return "never comes: none of these months has that day"
        return f"the {field} can't be read" if field else "can't be read"
    return "" if first else "never comes"


def _too_late(cron: str) -> bool:
    """The day alone can be read: it is the month that does not have it."""
    minute, hour, day, _, weekday = cron.split()
    try:
        return bool(CronSim(f"{minute} {hour} {day} * {weekday}", datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError:
        return False
