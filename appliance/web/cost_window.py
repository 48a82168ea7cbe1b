"""Which days a costs page shows."""

from datetime import date
from typing import NamedTuple

from appliance import clock
from appliance.domain.analytics import spans

WINDOWS = {"month": "This month", "30": "30 days", "90": "90 days"}


class Window(NamedTuple):
    """`name` is one of WINDOWS, or "" for days of one's own; `words` stand in sentences."""

    name: str
    first: str
    last: str
    words: str


def window(name: str, first: str, last: str) -> Window:
    """Days of one's own win; without anything: the last 30 days. Raises Problem(invalid) for what are no days."""
    if first or last:
        found = spans.span(first, last)
        return Window("", *found, f"{day(found[0])} to {day(found[1])}")
    today = clock.iso()[:10]
    if name == "month":
        return Window(name, today[:8] + "01", today, "this month")
    days = name if name in WINDOWS else "30"
    return Window(days, spans.after(today, 1 - int(days)), today, f"last {days} days")


def kept(shown: Window) -> dict[str, str]:
    """What an address has to say to show the same days again."""
    if not shown.name:
        return {"from": shown.first, "to": shown.last}
    return {} if shown.name == "30" else {"window": shown.name}


def dates(shown: Window) -> str:
    return f"{day(shown.first)} – {day(shown.last)}"


def day(text: str) -> str:
    return date.fromisoformat(text).strftime("%-d %b")
