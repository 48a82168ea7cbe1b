"""The spans of time that budgets cover: hour, day and month of the tenant's calendar, and all time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from appliance import clock

SPANS = ("hour", "day", "month", "lifetime")
CALENDAR = SPANS[:3]


def start(span: str, moment: datetime, zone: ZoneInfo) -> str:
    """When the span around `moment` began, as UTC text; "" for all time."""
    return "" if span == "lifetime" else clock.iso(_begin(span, moment.astimezone(zone)))


def end(span: str, moment: datetime, zone: ZoneInfo) -> str | None:
    """When the span around `moment` ends, as UTC text; None for all time."""
    if span == "lifetime":
        return None
    begun = _begin(span, moment.astimezone(zone))
    if span == "hour":
        return clock.iso(begun.astimezone(UTC) + timedelta(hours=1))
    # Over the next midnight whatever the clocks of the zone do that day.
    days = 1 if span == "day" else 32
    return clock.iso(_begin(span, begun + timedelta(days=days)))


def starts(moment: datetime, zone: ZoneInfo) -> dict[str, str]:
    """The start of every span around `moment`."""
    return {span: start(span, moment, zone) for span in SPANS}


def _begin(span: str, local: datetime) -> datetime:
    hour = local.replace(minute=0, second=0, microsecond=0)
    if span == "hour":
        return hour
    day = hour.replace(hour=0, fold=0)
    return day if span == "day" else day.replace(day=1)
