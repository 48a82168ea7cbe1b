"""What a task that was accepted costs: all its calls, in its whole life, tries that failed included."""

from appliance.db.database import Database
from appliance.domain.analytics import spans
from appliance.domain.analytics.shapes import Accepted
from appliance.domain.analytics.source import UNROLLED

# The tasks that were done in these days, with what they cost: added up, and not yet. A CROSS JOIN has SQLite begin with
# the few calls, not with all calls of all tasks.
_PAID = f"""
SELECT t.id AS task_id, s.task_kind, s.cost_nano, s.simulated_nano FROM tasks t JOIN usage_tasks s
  ON s.task_id = t.id WHERE t.finished_at >= :first AND t.finished_at < :after AND t.state = 'done'
UNION ALL SELECT t.id, c.task_kind, COALESCE(c.cost_nano, 0),
  CASE WHEN c.simulated THEN COALESCE(c.cost_nano, 0) ELSE 0 END
  FROM calls c CROSS JOIN tasks t
  WHERE t.id = c.task_id AND c.finished_at >= {UNROLLED} AND t.state = 'done'
    AND t.finished_at >= :first AND t.finished_at < :after"""
_SUMS = """CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT) AS cost_nano,
CAST(COALESCE(SUM(simulated_nano), 0) AS BIGINT) AS simulated_nano"""


def accepted(db: Database, first_day: str, last_day: str) -> Accepted:
    """What the tasks that were done in these days cost in their whole life."""
    given = {"first": first_day, "after": spans.after(last_day)}
    tasks = (
        """SELECT COUNT(*) AS n FROM tasks WHERE state = 'done' AND finished_at >= :first AND finished_at < :after"""
    )
    paid = db.rows(f"SELECT {_SUMS} FROM ({_PAID}) p", given)[0]
    return made(int(db.value(tasks, given)), **paid)


def by_kind(db: Database, first_day: str, last_day: str) -> dict[str, Accepted]:
    """The same for each kind of task; tasks without a call have none and are not in it."""
    sql = f"SELECT task_kind, COUNT(DISTINCT task_id) AS tasks, {_SUMS} FROM ({_PAID}) p GROUP BY task_kind"
    found = db.rows(sql, {"first": first_day, "after": spans.after(last_day)})
    return {row.pop("task_kind"): made(**row) for row in found}


def made(tasks: int, cost_nano: int, simulated_nano: int) -> Accepted:
    return Accepted(tasks, cost_nano, simulated_nano, cost_nano // tasks if tasks else None)
