"""The figures of the costs page, in the shape its templates read."""

from collections.abc import Mapping
from typing import Any

import msgspec

from appliance.db.database import Database
from appliance.domain import budget_marks, budgets, ledger
from appliance.domain.analytics import details, latencies, realtime, savings, summaries, trends, usage
from appliance.domain.analytics.shapes import Line, Point, Spread
from appliance.domain.analytics.summaries import Summary
from appliance.web import cost_tiles, cost_window, cost_words
from appliance.web.cost_window import WINDOWS, Window, day
from appliance.web.narrowing import query

LAST = 10
# The ways to break costs down, in the order of their tabs.
TABS = {
    "model": "Model",
    "provider": "Account",
    "agent": "Agent",
    "key": "Key",
    "kind": "Task kind",
    "project": "Project",
    "surface": "Asked by",
    "session": "Session",
    "task": "Task",
    "failure": "Failure",
}
# What the list of calls can be narrowed to.
OF_CALLS = ("agent", "model", "key", "surface", "provider", "state")


class Row(msgspec.Struct, frozen=True):
    """A line of the breakdown and where its name leads: to the calls behind it."""

    line: Line
    speed: Spread | None
    href: str


def page(
    db: Database, base: str, shown: Window, by: str, only: Mapping[str, str], names: Mapping[str, str]
) -> dict[str, Any]:
    """Everything the page shows. `names` are those of keys, which the tenant's own database does not hold."""
    by = by if by in TABS else "model"
    found, limits = summaries.summary(db, shown.first, shown.last), budgets.all(db)
    if only:
        total = usage.total(db, shown.first, shown.last, only)
        found = msgspec.structs.replace(found, total=total, cache=summaries.cache(total), priced=[])
    lines = usage.breakdown(db, by, shown.first, shown.last, only)
    kept = cost_window.kept(shown)
    span = query(**{"from": shown.first, "to": shown.last}, **only)
    return {
        "base": base,
        "budgets": limits,
        "simulated": budget_marks.simulated(db, limits),
        "found": found,
        "kpis": cost_tiles.kpis(found, shown.words, bool(only)),
        "chart": _chart(db, base, shown, only, found),
        "shown": shown,
        "dates": cost_window.dates(shown),
        "windows": [
            (text, _here(base, by, {"window": key} if key != "30" else {}, only), shown.name == key)
            for key, text in WINDOWS.items()
        ],
        "tabs": [(text, _here(base, key, kept, only), key == by) for key, text in TABS.items()],
        "by": by,
        "by_title": TABS[by],
        "lines": _rows(db, base, shown, by, only, lines, names),
        "total": usage.summed(lines),
        "chips": [
            (
                TABS.get(key, "State"),
                _name(db, key, value, names),
                _here(base, by, kept, {k: v for k, v in only.items() if k != key}),
            )
            for key, value in only.items()
        ],
        "now": realtime.now(db),
        "cache_how": cost_words.cache(found.cache),
        "failures": [line for line in usage.breakdown(db, "failure", shown.first, shown.last, only) if line.key][:5],
        "speed": latencies.of(db, shown.first, shown.last, only=only)[0],
        "calls": [call for call in ledger.calls(db, LAST).items] if not only else [],
        "calls_href": f"{base}/costs/calls?{query(**{k: v for k, v in only.items() if k in OF_CALLS})}",
        "api": f"/api/v1{base}/analytics",
        "span": span,
    }


def choices(db: Database) -> dict[str, list[tuple[str, str]]]:
    """The agents and models that calls can be filtered by."""
    first, last = usage.span("2000-01-01", "")
    found = {by: usage.breakdown(db, by, first, last) for by in ("agent", "model")}
    return {f"{by}s": [(line.key, line.label) for line in lines if line.key] for by, lines in found.items()}


def _rows(
    db: Database,
    base: str,
    shown: Window,
    by: str,
    only: Mapping[str, str],
    lines: list[Line],
    names: Mapping[str, str],
) -> list[Row]:
    speeds = {}
    if by not in details.BY:
        found = latencies.of(db, shown.first, shown.last, usage.BY[by].column, only)
        speeds = {speed.key: speed.whole for speed in found}
    named = [msgspec.structs.replace(line, label=names.get(line.key, line.label)) for line in lines]
    return [Row(line, speeds.get(line.key), _leads(base, by, line, only, shown)) for line in named]


def _leads(base: str, by: str, line: Line, only: Mapping[str, str], shown: Window) -> str:
    """To the same page of these calls only; sessions and tasks to what they are."""
    if not line.key:
        return ""
    if by == "session":
        return f"{base}/costs/calls?{query(session=line.key)}"
    if by == "task":
        return f"{base}/tasks/{line.label[1:].partition(' ')[0]}" if line.label.startswith("#") else ""
    if by == "failure":
        return f"{base}/costs/calls?{query(state='failed')}"
    return _here(base, "agent" if by == "model" else "model", cost_window.kept(shown), {**only, by: line.key})


def _here(base: str, by: str, kept: Mapping[str, str], only: Mapping[str, str]) -> str:
    asked = query(**kept, by="" if by == "model" else by, **only)
    return f"{base}/costs?{asked}" if asked else f"{base}/costs"


def _name(db: Database, key: str, value: str, names: Mapping[str, str]) -> str:
    if key in ("agent", "provider"):
        table = {"agent": "agents", "provider": "providers"}[key]
        return str(db.value(f"SELECT name FROM {table} WHERE id = :id", {"id": value}) or value)
    return names.get(value, value)


def _chart(db: Database, base: str, shown: Window, only: Mapping[str, str], found: Summary) -> dict[str, Any]:
    every = "hour" if shown.first == shown.last else "day"
    points = trends.trend(db, every, shown.first, shown.last, only)
    real, simulated = [point.real_nano for point in points], [point.simulated_nano for point in points]
    lines = [{"name": "spent", "tone": "accent", "values": real}]
    if any(simulated):
        lines = [*(lines if any(real) else []), {"name": "simulated", "tone": "run", "values": simulated}]
    against = None if only or every == "hour" else found.savings.chosen
    if against:
        saved = savings.by_day(db, shown.first, shown.last, against)
        spent = simulated if against.simulated else real
        there = [nano + saved.get(point.starts, 0) for nano, point in zip(spent, points, strict=True)]
        lines = [{"name": f"on {against.model}", "tone": "good", "values": there}, *lines]
    asked = query(every=every, **{"from": shown.first, "to": shown.last}, format="csv", **only)
    return {
        "id": "spend",
        "title": "Spend and savings per day" if against else f"Spend per {every}",
        "head": every.title(),
        "labels": [_label(point) for point in points],
        "series": lines,
        "csv_href": f"/api/v1{base}/analytics/trends?{asked}",
        "simulated": any(simulated) and not any(real),
    }


def _label(point: Point) -> str:
    return f"{point.starts[11:]}:00" if "T" in point.starts else day(point.starts)
