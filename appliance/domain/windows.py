"""The spans of time that budgets cover: the tenant's calendar, all time, and rolling ones that end now.

Spend is counted in fewer pieces than there are spans: a week is seven days, and a rolling span is the quarters or hours
in it, so it moves on in steps of a quarter of an hour or of an hour.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from appliance import clock

ROLLING = {"5h": 5 * 3600, "24h": 24 * 3600, "7d": 7 * 86_400, "30d": 30 * 86_400}
SPANS = ("hour", "day", "week", "month", "lifetime", *ROLLING)
COUNTED = ("quarter", "hour", "day", "month", "lifetime")
# The pieces that each span adds up. An hour counted is one of UTC; the tenant's may begin at a quarter of it.
PIECES = {"hour": "quarter", "day": "day", "week": "day", "month": "month", "lifetime": "lifetime"}
PIECES |= {"5h": "quarter", "24h": "quarter", "7d": "hour", "30d": "hour"}


class Window(NamedTuple):
    """When a span began and when it ends, as UTC text: "" and None for all time, None for a rolling one."""

    starts: str
    ends: str | None


def around(moment: datetime, zone: ZoneInfo) -> dict[str, Window]:
    """The current window of every span."""
    return _around(_quarter(moment), zone)


def starts(moment: datetime, zone: ZoneInfo) -> dict[str, str]:
    """The start of every piece that is counted around `moment`."""
    return _starts(_quarter(moment), zone)


def days(moment: datetime, zone: ZoneInfo) -> list[Window]:
    """The days of the current week so far."""
    monday = clock.parse(around(moment, zone)["week"].starts).astimezone(zone)
    passed = (monday + timedelta(days=n) for n in range(7))
    return [Window(clock.iso(day), clock.iso(day + timedelta(days=1))) for day in passed if day <= moment]


def _quarter(moment: datetime) -> datetime:
    # Hours begin at a full, half or quarter hour of UTC in every zone there is.
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


@lru_cache(500)
def _starts(quarter: datetime, zone: ZoneInfo) -> dict[str, str]:
    found = _around(quarter, zone)
    begun = {"quarter": clock.iso(quarter), "hour": clock.iso(quarter.replace(minute=0))}
    return begun | {name: found[name].starts for name in COUNTED[2:]}


@lru_cache(500)
def _around(quarter: datetime, zone: ZoneInfo) -> dict[str, Window]:
    hour = quarter.astimezone(zone).replace(minute=0)
    day = hour.replace(hour=0, fold=0)
    month = day.replace(day=1)
    monday = day - timedelta(days=day.weekday())
    # Over the next midnight whatever the clocks of the zone do that day.
    tomorrow, next_monday = day + timedelta(days=1), monday + timedelta(days=7)
    next_month = (month + timedelta(days=32)).replace(day=1)
    begun = {"quarter": quarter, "hour": quarter.replace(minute=0)}
    return {
        "hour": Window(clock.iso(hour), clock.iso(hour.astimezone(UTC) + timedelta(hours=1))),
        "day": Window(clock.iso(day), clock.iso(tomorrow)),
        "week": Window(clock.iso(monday), clock.iso(next_monday)),
        "month": Window(clock.iso(month), clock.iso(next_month)),
        "lifetime": Window("", None),
        **{
            span: Window(clock.iso(begun[PIECES[span]] - timedelta(seconds=length)), None)
            for span, length in ROLLING.items()
        },
    }
