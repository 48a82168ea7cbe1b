"""By which prices, and of how sure a source, a span's calls were priced: what stands beside every figure."""

import msgspec

from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.analytics import spans
from appliance.domain.analytics.columns import PRICE_VERSION
from appliance.domain.analytics.source import UNROLLED

_PRICED = f"""
SELECT cost_source, price_version, calls, cost_nano FROM usage_prices WHERE hour >= :first AND hour < :after
UNION ALL SELECT c.cost_source, {PRICE_VERSION}, 1, COALESCE(c.cost_nano, 0) FROM calls c
WHERE c.finished_at >= {UNROLLED} AND c.finished_at >= :first AND c.finished_at < :after"""


class Priced(msgspec.Struct, frozen=True):
    """`cost_source` is reported, catalogue, override, simulated, flat, local, estimated, unpriced or none."""

    cost_source: str
    price_version: str
    calls: int
    cost_nano: int


def of(db: Database, first_day: str, last_day: str) -> list[Priced]:
    """Calls by source and price list, the most money first."""
    sql = f"""SELECT cost_source, price_version, CAST(SUM(calls) AS BIGINT) AS calls,
    CAST(SUM(cost_nano) AS BIGINT) AS cost_nano FROM ({_PRICED}) p GROUP BY cost_source, price_version
    ORDER BY cost_nano DESC, calls DESC, cost_source, price_version"""
    found = db.rows(sql, {"first": first_day, "after": spans.after(last_day)})
    return [records.to(Priced, row) for row in found]
