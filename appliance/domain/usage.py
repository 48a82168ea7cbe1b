"""What the ledger adds up to: totals, breakdowns and days. Every breakdown sums to the total, to the nano-dollar."""

from datetime import timedelta

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import records


class Total(msgspec.Struct, frozen=True):
    """`unpriced` counts calls without a price; `simulated_nano` is the part of `cost_nano` that nobody has to pay."""

    calls: int
    failed: int
    unpriced: int
    input_total: int
    cache_read: int
    output_total: int
    cost_nano: int
    simulated_nano: int


class Line(Total, frozen=True):
    """A Total for one key: an agent, a model or a provider account; `label` is for people."""

    key: str = ""
    label: str = ""


class Day(msgspec.Struct, frozen=True):
    day: str
    calls: int
    cost_nano: int


_SUMS = """
COUNT(*) AS calls,
CAST(COALESCE(SUM(CASE WHEN c.state IN ('failed', 'lost') THEN 1 ELSE 0 END), 0) AS BIGINT) AS failed,
CAST(COALESCE(SUM(CASE WHEN c.cost_nano IS NULL AND c.state <> 'open' THEN 1 ELSE 0 END), 0) AS BIGINT) AS unpriced,
CAST(COALESCE(SUM(c.input_total), 0) AS BIGINT) AS input_total,
CAST(COALESCE(SUM(c.cache_read), 0) AS BIGINT) AS cache_read,
CAST(COALESCE(SUM(c.output_total), 0) AS BIGINT) AS output_total,
CAST(COALESCE(SUM(c.cost_nano), 0) AS BIGINT) AS cost_nano,
CAST(COALESCE(SUM(CASE WHEN c.simulated THEN c.cost_nano ELSE 0 END), 0) AS BIGINT) AS simulated_nano
"""
BY = {
    "agent": ("c.agent_id", "COALESCE(MAX(a.name), 'No agent')"),
    "model": ("c.model", "c.model"),
    "provider": ("c.provider_id", "COALESCE(MAX(p.name), 'Removed account')"),
}


def total(db: Database, first_day: str, last_day: str) -> Total:
    """Over days (YYYY-MM-DD, UTC), both included."""
    days = {"first": first_day, "last": last_day}
    row = db.rows(f"SELECT {_SUMS} FROM calls c WHERE c.day BETWEEN :first AND :last", days)[0]
    return records.to(Total, row)


def breakdown(db: Database, by: str, first_day: str, last_day: str) -> list[Line]:
    """By agent, model or provider; the most expensive first."""
    key, label = BY[by]
    sql = f"""
    SELECT COALESCE({key}, '') AS key, {label} AS label, {_SUMS}
    FROM calls c LEFT JOIN agents a ON a.id = c.agent_id LEFT JOIN providers p ON p.id = c.provider_id
    WHERE c.day BETWEEN :first AND :last GROUP BY {key} ORDER BY cost_nano DESC, label"""
    return [records.to(Line, row) for row in db.rows(sql, {"first": first_day, "last": last_day})]


def days(db: Database, count: int) -> list[Day]:
    """The last `count` days up to today, oldest first, days without calls included."""
    today = clock.now().date()
    first = (today - timedelta(days=count - 1)).isoformat()
    sql = """SELECT day, COUNT(*) AS calls, CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT) AS cost_nano
             FROM calls WHERE day >= :first GROUP BY day"""
    found = {row["day"]: records.to(Day, row) for row in db.rows(sql, {"first": first})}
    wanted = [(today - timedelta(days=n)).isoformat() for n in reversed(range(count))]
    return [found.get(day, Day(day, 0, 0)) for day in wanted]


def today(db: Database) -> Total:
    day = clock.iso()[:10]
    return total(db, day, day)


def month(db: Database) -> Total:
    day = clock.iso()[:10]
    return total(db, day[:8] + "01", day)


def per_accepted_task_nano(db: Database, first_day: str) -> int | None:
    """Mean cost in nano-dollars of the tasks done since `first_day`; None when there are none."""
    sql = """SELECT COUNT(*) AS n, CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT) AS cost
             FROM tasks WHERE state = 'done' AND finished_at >= :d"""
    row = db.rows(sql, {"d": first_day})[0]
    return int(row["cost"]) // int(row["n"]) if row["n"] else None
