"""The figures of the costs page, in the shape its templates read."""

from datetime import date
from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import budgets, usage
from appliance.domain.usage import Accepted, Summary, Total
from appliance.web.filters import count
from appliance.web.filters import usd as short

WINDOWS = (14, 30, 90)


class Kpi(msgspec.Struct, frozen=True):
    label: str
    value: str
    note: str = ""
    tone: str = ""
    hero: bool = False
    simulated: bool = False
    href: str = ""


def page(db: Database, slug: str, days: int) -> dict[str, Any]:
    """Everything but the list of calls. `days` other than 14 or 90 is 30."""
    window = days if days in WINDOWS else 30
    chart = _chart(db, slug, window)
    first, last = chart["first"], chart["last"]
    found, limits = usage.summary(db), budgets.all(db)
    return {
        "budgets": limits,
        "simulated": usage.simulated_budgets(db, limits),
        "summary": found,
        "kpis": kpis(found),
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


def kpis(found: Summary) -> list[Kpi]:
    return [
        _spent("Spent this month", found.total, hero=True),
        _spent("Spent today", found.today),
        _per_task(found.accepted),
        _calls(found.total),
    ]


def _spent(label: str, total: Total, hero: bool = False) -> Kpi:
    value, simulated, beside = _split(total.cost_nano, total.simulated_nano)
    note = " · ".join(part for part in (beside, _unpriced(total.unpriced)) if part)
    return Kpi(label, value, note, hero=hero, simulated=simulated)


def _unpriced(calls: int) -> str:
    if not calls:
        return ""
    return (
        "1 call without a price is not in it" if calls == 1 else f"{count(calls)} calls without a price are not in it"
    )


def _per_task(accepted: Accepted) -> Kpi:
    if accepted.per_task_nano is None:
        return Kpi("Per accepted task", "–", "no task done this month")
    value, simulated, beside = _split(accepted.cost_nano, accepted.simulated_nano, accepted.tasks)
    tasks = "1 task done" if accepted.tasks == 1 else f"{count(accepted.tasks)} tasks done"
    return Kpi("Per accepted task", value, " · ".join(part for part in (tasks, beside) if part), simulated=simulated)


def _calls(total: Total) -> Kpi:
    share = f"{total.failed / total.calls:.1%} failed" if total.calls else "none yet"
    return Kpi("Calls this month", count(total.calls), share)


def _split(cost: int, simulated: int, parts: int = 1) -> tuple[str, bool, str]:
    """Real money first and simulated beside it; only simulated money stands alone with its mark."""
    if simulated and cost == simulated:
        return short(simulated // parts), True, ""
    return short((cost - simulated) // parts), False, f"and {short(simulated // parts)} simulated" if simulated else ""


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
