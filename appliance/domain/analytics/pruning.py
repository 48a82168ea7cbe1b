"""Forgetting: calls after 90 days, days after two years. What days add up to stays as it is."""

from datetime import timedelta

from appliance import clock
from appliance.db.database import Database
from appliance.domain.analytics import marks, rollups

RAW_DAYS = 90
DAILY_DAYS = 731
BATCH = 2_000
KEPT_LONG = tuple(table for table in rollups.TABLES if table != "usage_hours")
_OLD = "SELECT id FROM calls WHERE finished_at < :day ORDER BY finished_at LIMIT :batch"


def prune(db: Database) -> int:
    """Forget calls of whole days that are added up; how many. A few thousand in one transaction, so nobody waits."""
    day = min(_day(RAW_DAYS), marks.get(db, "rolled")[:10])
    if day <= marks.get(db, "pruned"):
        return 0
    with db.transaction():
        marks.held(db, "rolled")
        marks.put(db, "pruned", day)
    gone = 0
    while some := _some(db, day):
        gone += some
    oldest = {"usage_hours": day} | dict.fromkeys(KEPT_LONG, _day(DAILY_DAYS))
    with db.transaction():
        for table, column in rollups.TABLES.items():
            db.execute(f"DELETE FROM {table} WHERE {column} < :day", {"day": oldest[table]})
    return gone


def _some(db: Database, day: str) -> int:
    given = {"day": day, "batch": BATCH}
    with db.transaction():
        db.execute(f"DELETE FROM attempts WHERE call_id IN ({_OLD})", given)
        return db.execute(f"DELETE FROM calls WHERE id IN ({_OLD})", given)


def _day(back: int) -> str:
    return clock.iso(clock.now() - timedelta(days=back))[:10]
