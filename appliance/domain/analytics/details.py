"""By session and by task: too many to add up ahead, so these come from the calls themselves, the dearest first."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.analytics import spans
from appliance.domain.analytics.columns import DIMS, MEASURES
from appliance.domain.analytics.shapes import Line, Total
from appliance.domain.analytics.source import FILTERS, SUMMED

TOP = 100
REST = "All others"


class Detail(NamedTuple):
    key: str
    join: str
    label: str


BY = {
    "session": Detail("c.session_id", "", "u.key"),
    "task": Detail("COALESCE(c.task_id, '')", "LEFT JOIN tasks t ON t.id = u.key", "'#' || t.number || ' ' || t.title"),
}


def top(db: Database, by: str, first: str, last: str, only: Mapping[str, str], total: Total) -> list[Line]:
    """Up to 100 lines and one for all others: they add up to `total`, which is of the same span and filters."""
    way = BY[by]
    given: dict[str, Any] = {"first": first, "after": spans.after(last), "top": TOP}
    given |= {f"only_{name}": value for name, value in only.items()}
    narrowed = "".join(f" AND {DIMS[FILTERS[name]]} = :only_{name}" for name in only)
    columns = ", ".join(f"{sql} AS {name}" for name, sql in MEASURES.items())
    where = f"c.finished_at >= :first AND c.finished_at < :after AND {way.key} <> ''{narrowed}"
    # Which they are first: the rest is only counted for these.
    dearest = f"""SELECT x.key FROM (SELECT {way.key} AS key, SUM(COALESCE(c.cost_nano, 0)) AS nano FROM calls c
    WHERE {where} GROUP BY 1 ORDER BY nano DESC, key LIMIT :top) x"""
    calls = f"""SELECT {way.key} AS key, c.state, c.simulated, {columns} FROM calls c
    WHERE {where} AND {way.key} IN ({dearest})"""
    found = db.rows(
        f"""SELECT u.*, {way.label} AS label FROM (SELECT u.key, {SUMMED} FROM ({calls}) u GROUP BY u.key) u
        {way.join} ORDER BY u.cost_nano DESC, u.key""",
        given,
    )
    lines = [records.to(Line, row | {"label": row["label"] or "Removed"}) for row in found]
    return [*lines, *_rest(lines, total)]


def _rest(lines: list[Line], total: Total) -> list[Line]:
    names = [field.name for field in msgspec.structs.fields(Total)]
    left = {name: getattr(total, name) - sum(getattr(line, name) for line in lines) for name in names}
    return [Line(**left, key="", label=REST)] if any(left.values()) else []
