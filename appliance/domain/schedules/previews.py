"""The next times of a calendar, before it is saved and after, with what a change of the clocks does to them."""

from zoneinfo import ZoneInfo

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import preferences
from appliance.domain.schedules import calendars, forms
from appliance.domain.schedules.rows import Schedule

MOST = 100


class Upcoming(msgspec.Struct, frozen=True):
    """`at` is UTC, `local` the zone's wall clock with its offset; `remark` is "" unless the clocks change."""

    at: str
    local: str
    remark: str


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A calendar in the words of NewSchedule, and how many of its next times are wanted."""

    cron: str = ""
    every: str = ""
    anchor_at: str | None = None
    zone: str = ""
    starts_at: str | None = None
    ends_at: str | None = None
    limit: int = 5


class Preview(msgspec.Struct, frozen=True):
    spec: str
    zone: str
    words: str
    items: list[Upcoming]


def preview(db: Database, asked: Asked) -> Preview:
    """Raises Problem(invalid) with the field at fault."""
    zone = preferences.known_zone(asked.zone) if asked.zone.strip() else preferences.zone(db)
    spec = forms.spec_of(asked.cron, asked.every, asked.anchor_at, zone)
    starts = forms.moment(asked.starts_at, zone, "starts_at") if asked.starts_at else None
    ends = forms.moment(asked.ends_at, zone, "ends_at", True) if asked.ends_at else None
    return Preview(spec, zone.key, calendars.explain(spec), _times(spec, zone, db.now(), starts, ends, asked.limit))


def upcoming(db: Database, found: Schedule, limit: int = 5) -> list[Upcoming]:
    """The next times of a schedule, as if it were active; fewer when it has an end or a limit."""
    limit = limit if found.remaining is None else min(limit, found.remaining)
    return _times(found.spec, found.tz, db.now(), found.starts_at, found.ends_at, limit)


def _times(spec: str, zone: ZoneInfo, now: str, starts: str | None, ends: str | None, limit: int) -> list[Upcoming]:
    begin, end = clock.parse(max(now, starts or "")), clock.parse(ends or "9980-01-01T00:00:00Z")
    found = calendars.occurrences(spec, zone, begin, end, max(0, min(limit, MOST)))
    return [
        Upcoming(clock.iso(at), f"{at.astimezone(zone):%a %Y-%m-%d %H:%M %z}", calendars.remark(spec, zone, at))
        for at in found
    ]
