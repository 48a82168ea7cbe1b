"""Calls without a price, by model and account: what they may have cost, and why nobody knows."""

import msgspec

from appliance.db.database import Database
from appliance.domain import records


class Unpriced(msgspec.Struct, frozen=True):
    """`estimate_nano` is what budgets have counted for these calls; `note` says what was missing."""

    model: str
    provider_id: str
    provider_name: str | None
    calls: int
    input_total: int
    output_total: int
    estimate_nano: int
    first_day: str
    last_day: str
    note: str = ""


_SQL = """
SELECT c.model, c.provider_id, MAX(p.name) AS provider_name, COUNT(*) AS calls,
  CAST(SUM(c.input_total) AS BIGINT) AS input_total, CAST(SUM(c.output_total) AS BIGINT) AS output_total,
  CAST(SUM(c.estimate_nano) AS BIGINT) AS estimate_nano, MIN(c.day) AS first_day, MAX(c.day) AS last_day,
  MAX((SELECT MAX(a.note) FROM attempts a WHERE a.call_id = c.id AND a.cost_source = 'unpriced')) AS note
FROM calls c LEFT JOIN providers p ON p.id = c.provider_id
WHERE c.cost_source = 'unpriced' GROUP BY c.model, c.provider_id ORDER BY calls DESC, c.model
"""


def every(db: Database) -> list[Unpriced]:
    """The most calls first."""
    return [records.to(Unpriced, row) for row in db.rows(_SQL)]


def count(db: Database) -> int:
    return int(db.value("SELECT COUNT(*) AS calls FROM calls WHERE cost_source = 'unpriced'"))
