"""What the ledger adds up to: totals, breakdowns and days. Every breakdown sums to the total, to the nano-dollar."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.analytics import details, spans
from appliance.domain.analytics.shapes import Day, Line, Total
from appliance.domain.analytics.source import SUMMED, Asked, rows
from appliance.domain.analytics.spans import span as span
from appliance.errors import invalid


class By(NamedTuple):
    """A way to break figures down: the column, the table with its names, what to call what has none."""

    column: str
    names: str = ""
    none: str = ""


BY = {
    "agent": By("agent_id", "agents", "No agent"),
    "model": By("model"),
    "provider": By("provider_id", "providers", "Removed account"),
    "key": By("key_id", none="No key"),
    "project": By("project", none="No project"),
    "kind": By("task_kind", none="No kind"),
    "surface": By("surface"),
    "state": By("state"),
    "failure": By("failure_code", none="No failure"),
    "day": By("starts"),
}


def total(db: Database, first_day: str, last_day: str, only: Mapping[str, str] | None = None) -> Total:
    """Over days (YYYY-MM-DD, UTC), both included."""
    return records.to(Total, rows(db, Asked(first_day, last_day, only or {}), SUMMED)[0])


def breakdown(
    db: Database, by: str, first_day: str, last_day: str, only: Mapping[str, str] | None = None
) -> list[Line]:
    """By one of BY, or by session or task; the most expensive first. Raises Problem(invalid) for another `by`."""
    if by in details.BY:
        return details.top(db, by, first_day, last_day, only or {}, total(db, first_day, last_day, only))
    if by not in BY:
        raise invalid(by=f"use one of {', '.join((*BY, *details.BY))}")
    way, asked = BY[by], Asked(first_day, last_day, only or {})
    dims = () if way.column == "starts" else (way.column,)
    found = rows(db, asked, f"u.{way.column} AS key, {SUMMED}", f"GROUP BY u.{way.column}", dims)
    names = _names(db, way)
    lines = [records.to(Line, row | {"label": _label(row["key"], way, names)}) for row in found]
    return sorted(lines, key=lambda line: (-line.cost_nano, line.label, line.key))


def summed(lines: Sequence[Total]) -> Total:
    """What lines of one moment add up to."""
    fields = [field.name for field in msgspec.structs.fields(Total)]
    return Total(**{name: sum(getattr(line, name) for line in lines) for name in fields})


def days(db: Database, count: int) -> list[Day]:
    """The last `count` days up to today, oldest first, days without calls included."""
    today = clock.now().date()
    first = (today - timedelta(days=count - 1)).isoformat()
    return days_of(db, first, today.isoformat())


def days_of(db: Database, first_day: str, last_day: str, only: Mapping[str, str] | None = None) -> list[Day]:
    """Each day of the span, days without calls included."""
    select = """u.starts AS day, CAST(SUM(u.calls) AS BIGINT) AS calls, CAST(SUM(u.cost_nano) AS BIGINT) AS cost_nano,
    CAST(SUM(CASE WHEN u.simulated THEN u.cost_nano ELSE 0 END) AS BIGINT) AS simulated_nano"""
    asked = Asked(first_day, last_day, only or {})
    found = rows(db, asked, select, "GROUP BY u.starts", kept=("calls", "cost_nano"))
    known = {row["day"]: records.to(Day, row) for row in found}
    return [known.get(day, Day(day, 0, 0, 0)) for day in spans.days(first_day, last_day)]


def today(db: Database) -> Total:
    day = clock.iso()[:10]
    return total(db, day, day)


def month(db: Database) -> Total:
    day = clock.iso()[:10]
    return total(db, day[:8] + "01", day)


def _names(db: Database, way: By) -> dict[str, str]:
    if not way.names:
        return {}
    return {row["id"]: row["name"] for row in db.rows(f"SELECT id, name FROM {way.names}")}


def _label(key: str, way: By, names: Mapping[str, str]) -> str:
    if way.names:
        return names.get(key, way.none)
    return key or way.none
