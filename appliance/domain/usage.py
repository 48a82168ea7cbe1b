"""What the ledger adds up to: totals, breakdowns and days. Every breakdown sums to the total, to the nano-dollar."""

from datetime import date, timedelta

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import records
from appliance.errors import invalid


class Total(msgspec.Struct, frozen=True):
    """`failed` counts lost calls too; `simulated_nano` is the part of `cost_nano` that nobody has to pay."""

    calls: int
    failed: int
    unpriced: int
    input_total: int
    cache_read: int
    output_total: int
    cost_nano: int
    simulated_nano: int

    @property
    def real_nano(self) -> int:
        return self.cost_nano - self.simulated_nano


class Line(Total, frozen=True):
    """A Total for one key: an agent, a model or a provider account; `label` is for people."""

    key: str = ""
    label: str = ""


class Day(msgspec.Struct, frozen=True):
    day: str
    calls: int
    cost_nano: int
    simulated_nano: int

    @property
    def real_nano(self) -> int:
        return self.cost_nano - self.simulated_nano


class Accepted(msgspec.Struct, frozen=True):
    """Tasks that ended done, and what all their calls cost in nano-dollars, failed tries included."""

    tasks: int
    cost_nano: int
    simulated_nano: int
    per_task_nano: int | None


class Summary(msgspec.Struct, frozen=True):
    """The figures of a span of days (both included) beside today's."""

    first_day: str
    last_day: str
    total: Total
    today: Total
    accepted: Accepted


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
    "day": ("c.day", "c.day"),
}


def total(db: Database, first_day: str, last_day: str) -> Total:
    """Over days (YYYY-MM-DD, UTC), both included."""
    days = {"first": first_day, "last": last_day}
    row = db.rows(f"SELECT {_SUMS} FROM calls c WHERE c.day BETWEEN :first AND :last", days)[0]
    return records.to(Total, row)


def breakdown(db: Database, by: str, first_day: str, last_day: str) -> list[Line]:
    """By agent, model, provider or day; the most expensive first. Raises Problem(invalid) for another `by`."""
    if by not in BY:
        raise invalid(by=f"use one of {', '.join(BY)}")
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
    sql = """SELECT day, COUNT(*) AS calls, CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT) AS cost_nano,
             CAST(COALESCE(SUM(CASE WHEN simulated THEN cost_nano ELSE 0 END), 0) AS BIGINT) AS simulated_nano
             FROM calls WHERE day >= :first GROUP BY day"""
    found = {row["day"]: records.to(Day, row) for row in db.rows(sql, {"first": first})}
    wanted = [(today - timedelta(days=n)).isoformat() for n in reversed(range(count))]
    return [found.get(day, Day(day, 0, 0, 0)) for day in wanted]


def today(db: Database) -> Total:
    day = clock.iso()[:10]
    return total(db, day, day)


def month(db: Database) -> Total:
    day = clock.iso()[:10]
    return total(db, day[:8] + "01", day)


def summary(db: Database, first_day: str = "", last_day: str = "") -> Summary:
    """Without days: the current month up to today, UTC. Raises Problem(invalid) for what is not a span of days."""
    first, last = span(first_day, last_day)
    return Summary(first, last, total(db, first, last), today(db), accepted(db, first, last))


def accepted(db: Database, first_day: str, last_day: str) -> Accepted:
    """What the tasks that were done in these days cost in their whole life."""
    sql = """
    SELECT COUNT(DISTINCT t.id) AS tasks, CAST(COALESCE(SUM(c.cost_nano), 0) AS BIGINT) AS cost_nano,
      CAST(COALESCE(SUM(CASE WHEN c.simulated THEN c.cost_nano ELSE 0 END), 0) AS BIGINT) AS simulated_nano
    FROM tasks t LEFT JOIN runs r ON r.task_id = t.id LEFT JOIN calls c ON c.run_id = r.id
    WHERE t.state = 'done' AND t.finished_at >= :first AND t.finished_at < :after"""
    after = (date.fromisoformat(last_day) + timedelta(days=1)).isoformat()
    row = db.rows(sql, {"first": first_day, "after": after})[0]
    return Accepted(**row, per_task_nano=row["cost_nano"] // row["tasks"] if row["tasks"] else None)


def span(first_day: str, last_day: str) -> tuple[str, str]:
    """Both days as YYYY-MM-DD; without `last_day` today, without `first_day` the first of that month."""
    today = clock.iso()[:10]
    faults = {name: "give a day as YYYY-MM-DD" for name, day in (("from", first_day), ("to", last_day)) if _bad(day)}
    last = last_day or today
    first = first_day or last[:8] + "01"
    if not faults and first > last:
        faults = {"from": f"is after the last day {last}"}
    if faults:
        raise invalid(**faults)
    return first, last


def _bad(day: str) -> bool:
    try:
        return bool(day) and date.fromisoformat(day).isoformat() != day
    except ValueError:
        return True
