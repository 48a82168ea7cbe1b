"""What was spent, counted as it is booked: a row for each scope and each hour, day, month and all time.

The rows hold what the ledger adds up to, so a limit set later sees what came before, and a check costs one look-up.
"""

from datetime import datetime

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import preferences, windows

# Hours and days that no current span can be, kept for a while to look into.
KEPT_S = {"hour": 2 * 86_400, "day": 62 * 86_400}
# An attempt without a price counts as the estimate that was reserved for its call.
_PAID = """
WITH RECURSIVE up (task_id, above) AS (
  SELECT id, id FROM tasks
  UNION SELECT up.task_id, t.parent_id FROM up JOIN tasks t ON t.id = up.above WHERE t.parent_id IS NOT NULL),
near (task_id, above, project) AS (
  SELECT id, parent_id, project FROM tasks
  UNION ALL SELECT near.task_id, t.parent_id, t.project FROM near JOIN tasks t ON t.id = near.above
    WHERE near.project = ''),
paid AS (
  SELECT c.id, c.provider_id, c.agent_id, c.task_id, c.run_id, SUM(COALESCE(a.cost_nano, c.estimate_nano)) AS nano
  FROM calls c JOIN attempts a ON a.call_id = c.id WHERE c.state <> 'open' AND c.finished_at >= :since
  GROUP BY c.id, c.provider_id, c.agent_id, c.task_id, c.run_id),
counted (scope, scope_id, nano) AS (
  SELECT 'tenant', '', nano FROM paid
  UNION ALL SELECT 'provider', provider_id, nano FROM paid
  UNION ALL SELECT 'agent', agent_id, nano FROM paid WHERE agent_id IS NOT NULL
  UNION ALL SELECT 'run', run_id, nano FROM paid WHERE run_id IS NOT NULL
  UNION ALL SELECT 'project', near.project, nano FROM paid JOIN near ON near.task_id = paid.task_id
    WHERE near.project <> ''
  UNION ALL SELECT 'task', COALESCE(up.above, paid.task_id), nano FROM paid LEFT JOIN up ON up.task_id = paid.task_id
    WHERE paid.task_id IS NOT NULL)
SELECT scope, scope_id, CAST(:span AS TEXT) AS span, CAST(:starts AS TEXT) AS starts,
  CAST(SUM(nano) AS BIGINT) AS settled_nano FROM counted GROUP BY scope, scope_id
"""


def add(db: Database, call_id: str, cost_nano: int, moment: datetime) -> None:
    """Count `cost_nano` on every scope the call holds a reservation on, in the open transaction."""
    found = windows.starts(moment, preferences.zone(db))
    spans = " UNION ALL ".join(f"SELECT '{span}' AS span, :{span} AS starts" for span in found)
    # One order for all: two calls that end at once must not wait for each other's rows.
    db.execute(
        "INSERT INTO spent (scope, scope_id, span, starts, settled_nano) "
        "SELECT r.scope, r.scope_id, w.span, w.starts, CAST(:cost AS BIGINT) "
        f"FROM reservations r CROSS JOIN ({spans}) w "
        "WHERE r.call_id = :id ORDER BY r.scope, r.scope_id, w.span "
        "ON CONFLICT (scope, scope_id, span, starts) "
        "DO UPDATE SET settled_nano = spent.settled_nano + EXCLUDED.settled_nano",
        {"id": call_id, "cost": cost_nano, **found},
    )


def of(db: Database, scope: str, scope_id: str, span: str) -> int:
    """Nano-dollars settled on a scope in the current span."""
    where = {"scope": scope, "id": scope_id, "span": span}
    where["starts"] = windows.starts(clock.now(), preferences.zone(db))[span]
    sql = "SELECT settled_nano FROM spent WHERE scope = :scope AND scope_id = :id AND span = :span AND starts = :starts"
    return int(db.value(sql, where) or 0)


def from_ledger(db: Database, span: str, starts: str) -> list[Row]:
    """What the rows of a span that began at `starts` would be if they were counted anew from the calls."""
    return db.rows(f"{_PAID} ORDER BY scope, scope_id", {"span": span, "starts": starts, "since": starts})


def recount(db: Database) -> None:
    """Count the current hour, day and month anew from the calls, in the open transaction: their bounds have moved."""
    for span, starts in windows.starts(clock.now(), preferences.zone(db)).items():
        if span in windows.CALENDAR:
            db.delete("spent", span=span, starts=starts)
            db.execute(f"INSERT INTO spent {_PAID}", {"span": span, "starts": starts, "since": starts})


def prune(db: Database) -> int:
    """Forget hours and days that are long over; how many rows. Months and all time are kept."""
    gone = "DELETE FROM spent WHERE span = :span AND starts < :before"
    return sum(db.execute(gone, {"span": span, "before": clock.ahead(-kept)}) for span, kept in KEPT_S.items())
