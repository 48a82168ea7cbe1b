"""What every call asks a tenant's database first: in one statement, and known until its transaction ends.

Who changes one of these in the same transaction lets go of what is known of it.
"""

from typing import Any

from appliance.db.database import Database

ROUTES, PRICES, ZONE = "mark.routes", "mark.prices", "mark.zone"
BUDGETS = "any budget"
_SQL = """SELECT (SELECT COALESCE(MAX(seq), 0) FROM events) AS seq, (SELECT version FROM route_version) AS routes,
  (SELECT value FROM counters WHERE name = 'prices') AS prices,
  (SELECT value FROM preferences WHERE name = 'zone') AS zone,
  CASE WHEN EXISTS (SELECT 1 FROM budgets) THEN 1 ELSE 0 END AS budgets"""


def look(db: Database) -> int:
    """Know the marks; the number of the last event."""
    assert db.in_transaction
    row = db.rows(_SQL)[0]
    db.known |= {ROUTES: row["routes"], PRICES: row["prices"], ZONE: row["zone"], BUDGETS: bool(row["budgets"])}
    return int(row["seq"])


def known(db: Database, mark: str, sql: str) -> Any:
    """What `look` found in the open transaction, or what `sql` finds."""
    return db.known[mark] if mark in db.known else db.value(sql)


def changed(db: Database, mark: str) -> None:
    db.known.pop(mark, None)
