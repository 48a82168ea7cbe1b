"""The figures of the costs page, in the shape its templates read."""

from datetime import date
from typing import Any

from appliance.db.database import Database
from appliance.domain import budget_marks, budgets, usage
from appliance.web import cost_tiles

WINDOWS = (14, 30, 90)


def page(db: Database, slug: str, days: int) -> dict[str, Any]:
    """Everything but the list of calls. `days` other than 14 or 90 is 30."""
    window = days if days in WINDOWS else 30
    chart = _chart(db, slug, window)
    first, last = chart["first"], chart["last"]
    found, limits = usage.summary(db), budgets.all(db)
    return {
        "budgets": limits,
        "simulated": budget_marks.simulated(db, limits),
        "summary": found,
        "kpis": cost_tiles.kpis(found),
        "chart": chart,
        "window": window,
        "windows": WINDOWS,
        "month": date.fromisoformat(found.last_day).strftime("%B %Y"),
        **{f"by_{by}": usage.breakdown(db, by, first, last) for by in ("agent", "model", "provider")},
        "total": usage.total(db, first, last),
        "api": f"/api/v1/t/{slug}/analytics",
    }


def choices(db: Database) -> dict[str, list[tuple[str, str]]]:
    """The agents and models that calls can be filtered by."""
    first, last = usage.span("2000-01-01", "")
    found = {by: usage.breakdown(db, by, first, last) for by in ("agent", "model")}
    return {f"{by}s": [(line.key, line.label) for line in lines if line.key] for by, lines in found.items()}


def _chart(db: Database, slug: str, window: int) -> dict[str, Any]:
    found = usage.days(db, window)
    first, last = found[0].day, found[-1].day
    real, simulated = [day.real_nano for day in found], [day.simulated_nano for day in found]
    lines = [{"name": "spent", "tone": "accent", "values": real}]
    if any(simulated):
        lines = [*(lines if any(real) else []), {"name": "simulated", "tone": "run", "values": simulated}]
    return {
        "id": "spend",
        "title": "Spend per day",
        "head": "Day",
        "labels": [date.fromisoformat(day.day).strftime("%-d %b") for day in found],
        "series": lines,
        "csv_href": f"/api/v1/t/{slug}/analytics/usage?by=day&from={first}&to={last}&format=csv",
        "simulated": any(simulated) and not any(real),
        "first": first,
        "last": last,
    }
