"""Where figures come from: the days that are added up, and the calls that are not yet, as one relation.

So a figure is exact and of this moment whether or not the rollups have caught up.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from appliance.db.database import Database, Row
from appliance.domain.analytics import spans
from appliance.domain.analytics.columns import DIMS, KEPT, MEASURES, NARROW
from appliance.errors import invalid

# The names that figures can be narrowed by.
FILTERS = {
    "provider": "provider_id",
    "model": "model",
    "agent": "agent_id",
    "key": "key_id",
    "project": "project",
    "kind": "task_kind",
    "surface": "surface",
    "state": "state",
}
SUMMED = """
CAST(COALESCE(SUM(u.calls), 0) AS BIGINT) AS calls,
CAST(COALESCE(SUM(CASE WHEN u.state IN ('failed', 'lost') THEN u.calls ELSE 0 END), 0) AS BIGINT) AS failed,
CAST(COALESCE(SUM(u.unpriced), 0) AS BIGINT) AS unpriced,
CAST(COALESCE(SUM(u.input_total), 0) AS BIGINT) AS input_total,
CAST(COALESCE(SUM(u.cache_read), 0) AS BIGINT) AS cache_read,
CAST(COALESCE(SUM(u.output_total), 0) AS BIGINT) AS output_total,
CAST(COALESCE(SUM(u.cost_nano), 0) AS BIGINT) AS cost_nano,
CAST(COALESCE(SUM(CASE WHEN u.simulated THEN u.cost_nano ELSE 0 END), 0) AS BIGINT) AS simulated_nano,
CAST(COALESCE(SUM(u.retries), 0) AS BIGINT) AS retries,
CAST(COALESCE(SUM(u.estimated), 0) AS BIGINT) AS estimated,
CAST(COALESCE(SUM(u.estimated_nano), 0) AS BIGINT) AS estimated_nano,
CAST(COALESCE(SUM(u.cache_write), 0) AS BIGINT) AS cache_write,
CAST(COALESCE(SUM(u.reasoning), 0) AS BIGINT) AS reasoning,
CAST(COALESCE(SUM(u.imputed_nano), 0) AS BIGINT) AS imputed_nano,
CAST(COALESCE(SUM(u.cached_nano), 0) AS BIGINT) AS cached_nano
"""
MEASURED = tuple(MEASURES)
# When the calls begin that are not added up yet.
UNROLLED = "(SELECT until FROM usage_marks WHERE name = 'rolled')"


class Asked(NamedTuple):
    """Days, both included, and what the calls are narrowed to: names of FILTERS and their values."""

    first: str
    last: str
    only: Mapping[str, str] = {}


def rows(
    db: Database,
    asked: Asked,
    select: str,
    tail: str = "",
    dims: Sequence[str] = (),
    kept: Sequence[str] = MEASURED,
    hourly: bool = False,
) -> list[Row]:
    """`SELECT select FROM u tail`, where u has `starts`, the dimensions in `dims`, state, simulated and what is `kept`.

    Raises Problem(invalid) for a filter there is not.
    """
    if wrong := set(asked.only) - set(FILTERS):
        raise invalid(**{name: f"use one of {', '.join(FILTERS)}" for name in wrong})
    columns = dict.fromkeys(("state", "simulated", *dims))
    by = [FILTERS[name] for name in asked.only]
    tests = [f"{FILTERS[name]} = :only_{name}" for name in asked.only]
    params: dict[str, Any] = {"first": asked.first, "after": spans.after(asked.last)}
    params |= {f"only_{name}": value for name, value in asked.only.items()}
    own = [f"{sql} AS {name}" for name, sql in {**{n: DIMS[n] for n in columns}, **{n: KEPT[n] for n in kept}}.items()]
    narrowed = "".join(f" AND {DIMS[FILTERS[name]]} = :only_{name}" for name in asked.only)
    # The mark is read by the same statement: between two, a call could be added up and counted twice.
    union = f"""SELECT {", ".join(("starts", *columns, *kept))} FROM {_table(hourly, {*columns, *by})}
    WHERE {" AND ".join(("starts >= :first AND starts < :after", *tests))}
    UNION ALL SELECT SUBSTR(c.finished_at, 1, {13 if hourly else 10}) AS starts, {", ".join(own)} FROM calls c
    WHERE c.finished_at >= (SELECT CASE WHEN until > :first THEN until ELSE :first END FROM usage_marks
    WHERE name = 'rolled') AND c.finished_at < :after{narrowed}"""
    return db.rows(f"SELECT {select} FROM ({union}) u {tail}", params)


def _table(hourly: bool, columns: set[str]) -> str:
    """The one with the fewest rows that has these."""
    if hourly:
        return "usage_hours"
    return "usage_models" if columns <= set(NARROW) else "usage_days"
