"""Quiet hours: when they end, by the clock of a zone and through its changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from appliance.domain.preferences import known_zone
from appliance.errors import invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Quiet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `starts` to `ends`, over midnight when `ends` is not later; on `days`, by the day on which it starts.

    Equal times are a whole day.
    """

    starts: str = "22:00"
    ends: str = "07:00"
    days: list[str] = msgspec.field(default_factory=lambda: list(DAYS))


def check(quiet: Quiet) -> None:
    """Raises Problem(invalid)."""
    for name in ("starts", "ends"):
        clock_time(getattr(quiet, name), name)
    if strange := [day for day in quiet.days if day not in DAYS]:
        raise invalid(days=f"{strange[0]} is not one of {', '.join(DAYS)}")
    if not quiet.days:
        raise invalid(days="choose a day, or take the quiet hours away")


def clock_time(text: str, field: str) -> time:
    """Raises Problem(invalid) for what is not HH:MM."""
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or text != found.strftime("%H:%M"):
        raise invalid(**{field: "give a time such as 22:00"})
    return found


def over_at(quiet: Quiet, zone: str, moment: datetime) -> datetime | None:
    """When it is no longer quiet, in UTC; None when it is not quiet at `moment`."""
    found = None
    # Whole days follow each other; a week of them never ends, and is looked at again after it.
    for _ in DAYS:
        ends = _window(quiet, known_zone(zone), found or moment)
        if ends is None:
            break
        found = ends
    return found


def next_at(text: str, zone: str, moment: datetime) -> datetime:
    """The next moment after `moment`, in UTC, at which a clock in the zone shows `text`."""
    at, where = clock_time(text, "digest_at"), known_zone(zone)
    days = (moment.astimezone(where).date() + timedelta(days=n) for n in range(3))
    return next(found for day in days if (found := _utc(day, at, where)) > moment)


def _window(quiet: Quiet, zone: ZoneInfo, moment: datetime) -> datetime | None:
    starts, ends = clock_time(quiet.starts, "starts"), clock_time(quiet.ends, "ends")
    today = moment.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        if DAYS[day.weekday()] not in quiet.days:
            continue
        last = day if ends > starts else day + timedelta(days=1)
        # An hour that comes twice: quiet begins with the first and ends with the second.
        over = _utc(last, ends, zone, fold=1)
        if _utc(day, starts, zone) <= moment < over:
            return over
    return None


def _utc(day: date, at: time, zone: ZoneInfo, fold: int = 0) -> datetime:
    return datetime.combine(day, at, zone).replace(fold=fold).astimezone(UTC)
