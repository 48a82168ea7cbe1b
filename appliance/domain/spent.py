"""What was spent, counted as it is booked: a row for each scope and each quarter of an hour, hour, day, month and ever.

The rows hold what the ledger adds up to, so a limit set later sees what came before, and a check costs one look-up.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import preferences, windows
from appliance.domain.scopes import Scope
from appliance.domain.windows import Window

# Pieces that no current span can have, kept for a while to look into.
KEPT_S = {"quarter": 3 * 86_400, "hour": 32 * 86_400, "day": 62 * 86_400}
EVER = "~"
WEEK_S = 7 * 86_400
# An attempt without a price counts as the estimate that was reserved for its call.
_PAID = """
WITH RECURSIVE up (task_id, above) AS (
  SELECT id, id FROM tasks
  UNION SELECT up.task_id, t.parent_id FROM up JOIN tasks t ON t.id = up.above WHERE t.parent_id IS NOT NULL),
near (task_id, above, project) AS (
  SELECT id, parent_id, project FROM tasks
  UNION ALL SELECT near.task_id, t.parent_id, t.project FROM near JOIN tasks t ON t.id = near.above
    WHERE near.project = ''),
sent AS (
  SELECT c.id, c.key_id, c.session_id, c.project, c.agent_id, c.task_id, c.run_id, a.provider_id, a.model_requested,
    COALESCE(a.cost_nano, c.estimate_nano) AS nano
  FROM calls c JOIN attempts a ON a.call_id = c.id
  WHERE c.state <> 'open' AND c.finished_at >= :since AND c.finished_at < :until),
paid AS (
  SELECT id, key_id, session_id, project, agent_id, task_id, run_id, SUM(nano) AS nano FROM sent
  GROUP BY id, key_id, session_id, project, agent_id, task_id, run_id),
counted (scope, scope_id, nano) AS (
  SELECT 'tenant', '', nano FROM paid
  UNION ALL SELECT 'provider', provider_id, nano FROM sent
  UNION ALL SELECT 'model', model_requested, nano FROM sent
  UNION ALL SELECT 'key', key_id, nano FROM paid WHERE key_id IS NOT NULL
  UNION ALL SELECT 'session', session_id, nano FROM paid WHERE session_id <> ''
  UNION ALL SELECT 'agent', agent_id, nano FROM paid WHERE agent_id IS NOT NULL
  UNION ALL SELECT 'run', run_id, nano FROM paid WHERE run_id IS NOT NULL
  UNION ALL SELECT 'project', near.project, nano FROM paid JOIN near ON near.task_id = paid.task_id
    WHERE near.project <> ''
  UNION ALL SELECT 'project', project, nano FROM paid WHERE project <> ''
    AND NOT EXISTS (SELECT 1 FROM near WHERE near.task_id = paid.task_id AND near.project <> '')
  UNION ALL SELECT 'task', COALESCE(up.above, paid.task_id), nano FROM paid LEFT JOIN up ON up.task_id = paid.task_id
    WHERE paid.task_id IS NOT NULL)
SELECT scope, scope_id, CAST(:span AS TEXT) AS span, CAST(:starts AS TEXT) AS starts,
  CAST(SUM(nano) AS BIGINT) AS settled_nano FROM counted GROUP BY scope, scope_id
"""
# The scopes of where a call was sent are counted by its attempts: it may have gone on elsewhere than was reserved.
SENT_TO = ("provider", "model")


def add(db: Database, costs: Mapping[str, int], sent: Mapping[Scope, int], moment: datetime) -> None:
    """Count what calls cost, by id, on every scope they hold reservations on, and `sent` on accounts and models.

    In the open transaction, as one statement however many there are.
    """
    if not costs:
        return
    pieces = windows.starts(moment, preferences.zone(db))
    spans = " UNION ALL ".join(f"SELECT '{piece}' AS span, CAST(:{piece} AS TEXT) AS starts" for piece in pieces)
    each, params = _table("c", ({"id": id_, "cost": cost} for id_, cost in costs.items()))
    counted = f"""SELECT r.scope, r.scope_id, c.cost FROM ({each}) c JOIN reservations r ON r.call_id = c.id
      WHERE r.scope NOT IN {SENT_TO}"""
    if sent:
        extra, more = _table("s", ({"kind": scope.kind, "id": scope.id, "cost": cost} for scope, cost in sent.items()))
        counted += f" UNION ALL SELECT kind, id, cost FROM ({extra}) s"
        params |= more
    # One order for all: two calls that end at once must not wait for each other's rows.
    db.execute(
        f"""INSERT INTO spent (scope, scope_id, span, starts, settled_nano)
        SELECT p.scope, p.scope_id, w.span, w.starts, CAST(SUM(p.cost) AS BIGINT)
        FROM ({counted}) p CROSS JOIN ({spans}) w WHERE TRUE GROUP BY p.scope, p.scope_id, w.span, w.starts
        ORDER BY p.scope, p.scope_id, w.span ON CONFLICT (scope, scope_id, span, starts)
        DO UPDATE SET settled_nano = spent.settled_nano + EXCLUDED.settled_nano""",
        params | pieces,
    )


def count(db: Database, amounts: Mapping[Scope, int], moment: datetime) -> None:
    """Count nano-dollars on scopes, in the open transaction: for a call that held nothing on them."""
    pieces = windows.starts(moment, preferences.zone(db))
    spans = " UNION ALL ".join(f"SELECT '{piece}' AS span, CAST(:{piece} AS TEXT) AS starts" for piece in pieces)
    rows = ({"scope": scope.kind, "id": scope.id, "cost": cost} for scope, cost in sorted(amounts.items()))
    each, params = _table("s", rows)
    db.execute(
        f"""INSERT INTO spent (scope, scope_id, span, starts, settled_nano)
        SELECT p.scope, p.id, w.span, w.starts, p.cost FROM ({each}) p CROSS JOIN ({spans}) w WHERE TRUE
        ON CONFLICT (scope, scope_id, span, starts)
        DO UPDATE SET settled_nano = spent.settled_nano + EXCLUDED.settled_nano""",
        params | pieces,
    )


def _table(name: str, rows: Iterable[Row]) -> tuple[str, Row]:
    """Values as a table for a join: its SQL and its parameters."""
    params: Row = {}
    lines = []
    for n, row in enumerate(rows):
        kinds = {column: "BIGINT" if isinstance(value, int) else "TEXT" for column, value in row.items()}
        lines.append("SELECT " + ", ".join(f"CAST(:{name}_{c}_{n} AS {kinds[c]}) AS {c}" for c in row))
        params |= {f"{name}_{column}_{n}": value for column, value in row.items()}
    return " UNION ALL ".join(lines), params


def of(db: Database, scope: str, scope_id: str, span: str) -> int:
    """Nano-dollars settled on a scope in the current span."""
    where = {"scope": scope, "id": scope_id, "piece": windows.PIECES[span]}
    where["starts"] = windows.around(clock.now(), preferences.zone(db))[span].starts
    sql = """SELECT CAST(SUM(settled_nano) AS BIGINT) AS nano FROM spent
             WHERE scope = :scope AND scope_id = :id AND span = :piece AND starts >= :starts"""
    return int(db.value(sql, where) or 0)


def so_far(db: Database, scope: str, scope_id: str, span: str) -> Row:
    """The piece of a span that is being counted now, and what it holds: from there on a budget begins anew."""
    piece = windows.PIECES[span]
    starts = windows.starts(clock.now(), preferences.zone(db))[piece]
    where = {"scope": scope, "id": scope_id, "span": piece, "starts": starts}
    sql = "SELECT settled_nano FROM spent WHERE scope = :scope AND scope_id = :id AND span = :span AND starts = :starts"
    return {"reset_from": starts, "reset_nano": int(db.value(sql, where) or 0)}


def usual_hour(db: Database) -> tuple[int, int, int]:
    """What this hour costs, what the middle one of last week's hours with any cost did, and how many those were."""
    now = windows.starts(clock.now(), preferences.zone(db))["hour"]
    sql = """SELECT starts, settled_nano FROM spent WHERE scope = 'tenant' AND scope_id = '' AND span = 'hour'
             AND starts >= :since AND settled_nano > 0"""
    found = {row["starts"]: int(row["settled_nano"]) for row in db.rows(sql, {"since": clock.ahead(-WEEK_S)})}
    this = found.pop(now, 0)
    before = sorted(found.values())
    return this, before[len(before) // 2] if before else 0, len(before)


def from_ledger(db: Database, span: str, starts: str) -> list[Row]:
    """What the rows of a piece that began at `starts` would be if they were counted anew from the calls."""
    return db.rows(f"{_PAID} ORDER BY scope, scope_id", _piece(span, Window(starts, None)))


def recount(db: Database) -> None:
    """Count this month and the days of this week anew from the calls, in the open transaction: their bounds have moved.

    Quarters and hours are those of UTC, which have not.
    """
    now, zone = clock.now(), preferences.zone(db)
    days = windows.days(now, zone)
    db.execute("DELETE FROM spent WHERE span = 'day' AND starts >= :starts", {"starts": days[0].starts})
    month = windows.around(now, zone)["month"]
    db.delete("spent", span="month", starts=month.starts)
    for span, window in [("month", month), *(("day", day) for day in days)]:
        db.execute(f"INSERT INTO spent {_PAID}", _piece(span, window))


def prune(db: Database) -> int:
    """Forget quarters, hours and days that are long over; how many rows. Months and all time are kept."""
    gone = "DELETE FROM spent WHERE span = :span AND starts < :before"
    return sum(db.execute(gone, {"span": span, "before": clock.ahead(-kept)}) for span, kept in KEPT_S.items())


def _piece(span: str, window: Window) -> Row:
    return {"span": span, "starts": window.starts, "since": window.starts, "until": window.ends or EVER}
