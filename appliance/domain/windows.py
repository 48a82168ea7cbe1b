"""The spans of time that budgets cover: hour, day and month of the tenant's calendar, and all time."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from appliance import clock

SPANS = ("hour", "day", "month", "lifetime")
CALENDAR = SPANS[:3]


class Window(NamedTuple):
    """When a span began and when it ends, as UTC text: "" and None for all time."""

    starts: str
    ends: str | None


def around(moment: datetime, zone: ZoneInfo) -> dict[str, Window]:
    """The current window of every span."""
    # Hours begin at a full, half or quarter hour of UTC in every zone there is.
    return _around(moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0), zone)


def starts(moment: datetime, zone: ZoneInfo) -> dict[str, str]:
    """The start of every span around `moment`."""
    return {span: window.starts for span, window in around(moment, zone).items()}


@lru_cache(500)
def _around(moment: datetime, zone: ZoneInfo) -> dict[str, Window]:
    hour = moment.astimezone(zone).replace(minute=0)
    day = hour.replace(hour=0, fold=0)
    month = day.replace(day=1)
    # Over the next midnight whatever the clocks of the zone do that day.
    tomorrow = day + timedelta(days=1)
    next_month = (month + timedelta(days=32)).replace(day=1)
    return {
        "hour": Window(clock.iso(hour), clock.iso(hour.astimezone(UTC) + timedelta(hours=1))),
        "day": Window(clock.iso(day), clock.iso(tomorrow)),
        "month": Window(clock.iso(month), clock.iso(next_month)),
        "lifetime": Window("", None),
    }
