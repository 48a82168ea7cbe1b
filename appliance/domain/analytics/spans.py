"""Spans of days, UTC, both ends included: what every figure is asked for."""

from datetime import date, timedelta

from appliance import clock
from appliance.errors import invalid


def span(first_day: str, last_day: str) -> tuple[str, str]:
    """Both days as YYYY-MM-DD; without `last_day` today, without `first_day` the first of that month."""
    today = clock.iso()[:10]
    faults = {name: "give a day as YYYY-MM-DD" for name, day in (("from", first_day), ("to", last_day)) if _bad(day)}
    last = last_day or today
    first = first_day or last[:8] + "01"
    if not faults and first > last:
        faults = {"from": f"is after the last day {last}"}
    if faults:
        raise invalid(**faults)
    return first, last


def after(day: str, by: int = 1) -> str:
    """The day `by` days later, or earlier when negative."""
    return (date.fromisoformat(day) + timedelta(days=by)).isoformat()


def length(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


def before(first: str, last: str) -> tuple[str, str]:
    """The span of the same length that ends where this one begins."""
    return after(first, -length(first, last)), after(first, -1)


def days(first: str, last: str) -> list[str]:
    return [after(first, n) for n in range(length(first, last))]


def monday(day: str) -> str:
    """The first day of the week that `day` is in."""
    return after(day, -date.fromisoformat(day).weekday())


def _bad(day: str) -> bool:
    try:
        return bool(day) and date.fromisoformat(day).isoformat() != day
    except ValueError:
        return True
