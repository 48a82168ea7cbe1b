"""What every call has to know of its tenant before it is planned, as one look: marks and yes or no."""

from typing import NamedTuple

from appliance.db.database import Database
from appliance.domain import budgets, marks, prices

_LOOK = f"""
SELECT (SELECT version FROM route_version) AS routes,
  (SELECT value FROM counters WHERE name = '{prices.COUNTER}') AS prices,
  (SELECT value FROM preferences WHERE name = 'zone') AS zone,
  CASE WHEN EXISTS (SELECT 1 FROM budgets) THEN 1 ELSE 0 END AS budgets,
  CASE WHEN EXISTS (SELECT 1 FROM budgets WHERE action = 'downgrade') THEN 1 ELSE 0 END AS steps_down,
  CASE WHEN EXISTS (SELECT 1 FROM stops) THEN 1 ELSE 0 END AS stopped
"""


class Bearings(NamedTuple):
    """The marks of route_version and prices, and whether any budget steps down or a person stopped anything."""

    routes: str
    prices: int
    steps_down: bool
    stopped: bool


def take(db: Database) -> Bearings:
    """In a transaction its later steps know it too."""
    row = db.rows(_LOOK)[0]
    if db.in_transaction:
        db.known |= {marks.ROUTES: row["routes"], marks.PRICES: row["prices"], marks.ZONE: row["zone"]}
        db.known[budgets.ANY] = bool(row["budgets"])
    return Bearings(str(row["routes"] or ""), int(row["prices"] or 0), bool(row["steps_down"]), bool(row["stopped"]))
