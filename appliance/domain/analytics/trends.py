"""Figures over time: by hour, day, week or month."""

from collections.abc import Mapping

import msgspec

from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.analytics import spans
from appliance.domain.analytics.shapes import Point, Total
from appliance.domain.analytics.source import SUMMED, Asked, rows
from appliance.domain.analytics.usage import summed
from appliance.errors import invalid

EVERY = ("hour", "day", "week", "month")
# More hours than these are no chart.
HOURS_DAYS = 31


def trend(db: Database, every: str, first: str, last: str, only: Mapping[str, str] | None = None) -> list[Point]:
    """One Point for each hour, day, week or month of the span, empty ones included, oldest first.

    Raises Problem(invalid) for another `every`, and for hours of more than 31 days.
    """
    if every not in EVERY:
        raise invalid(every=f"use one of {', '.join(EVERY)}")
    if every == "hour" and spans.length(first, last) > HOURS_DAYS:
        raise invalid(every=f"hours are shown of at most {HOURS_DAYS} days")
    hourly = every == "hour"
    found = rows(db, Asked(first, last, only or {}), f"u.starts, {SUMMED}", "GROUP BY u.starts", hourly=hourly)
    groups: dict[str, list[Total]] = {starts: [] for starts in _stretches(every, first, last)}
    for row in found:
        groups[_stretch(every, row["starts"])].append(records.to(Total, row))
    return [Point(**msgspec.structs.asdict(summed(lines)), starts=starts) for starts, lines in groups.items()]


def _stretches(every: str, first: str, last: str) -> list[str]:
    if every == "hour":
        return [f"{day}T{hour:02d}" for day in spans.days(first, last) for hour in range(24)]
    return list(dict.fromkeys(_stretch(every, day) for day in spans.days(first, last)))


def _stretch(every: str, starts: str) -> str:
    if every == "week":
        return spans.monday(starts)
    return starts[:7] if every == "month" else starts
