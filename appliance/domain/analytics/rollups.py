"""Adding up: what calls sum to by hour and day, kept as they end, so that a figure need not read them all.

Calls up to the mark `rolled` are in the rollups, all later ones are read as they are. Rows and mark move in one
transaction, so a job that dies in between has done nothing.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from appliance import clock
from appliance.db.database import Database
from appliance.domain.analytics import marks, spans
from appliance.domain.analytics.columns import DIMS, KEPT, NARROW, PRICE_VERSION

# On PostgreSQL a call of another process may still be on its way into the ledger so long after its time.
MARGIN_S = 120
SLICE = 20_000
_COLUMNS = ", ".join(("starts", *DIMS, *KEPT))
_GROUPED = ", ".join(str(n + 1) for n in range(len(DIMS) + 1))
_OUT_OF_CALLS = ", ".join((*DIMS.values(), *(f"CAST(SUM({sql}) AS BIGINT)" for sql in KEPT.values())))


def roll(db: Database, until: str = "", most: int = SLICE) -> int:
    """Add up the next `most` calls that ended before `until` (2 minutes ago when left out); how many there were.

    None left: 0.
    """
    with db.transaction():
        since = marks.held(db, "rolled")
        edge = _edge(db, since, min(until or clock.ahead(-MARGIN_S), clock.iso()), most)
        if edge <= since:
            return 0
        span = {"since": since, "edge": edge}
        count = int(db.value(f"SELECT COUNT(*) AS n FROM calls c WHERE {_BETWEEN}", span))
        if count:
            _add(db, span)
            marks.put(db, "rolled", edge)
    return count


def due(db: Database) -> bool:
    """Whether there are calls to add up."""
    sql = f"SELECT 1 AS found FROM calls c WHERE {_BETWEEN} LIMIT 1"
    return bool(db.value(sql, {"since": marks.get(db, "rolled"), "edge": clock.ahead(-MARGIN_S)}))


def roll_all(db: Database, until: str = "") -> int:
    """Everything there is to add up, in slices; how many calls."""
    done = 0
    while count := roll(db, until):
        done += count
    return done


def correct(db: Database, times: Iterable[str]) -> int:
    """Add up anew the hours around `times`, in the open transaction, after calls that ended then changed their price.

    What is still raw needs no correction. How many hours there were.
    """
    rolled = marks.held(db, "rolled")
    hours = sorted({time[:13] for time in times if time < rolled})
    for hour in hours:
        span = {"since": hour, "edge": min(_next(hour), rolled)}
        db.delete("usage_hours", starts=hour)
        db.delete("usage_tasks", hour=hour)
        db.delete("usage_prices", hour=hour)
        _out_of_calls(db, "usage_hours", span)
        _add_tasks(db, span)
        _add_prices(db, span)
        db.upsert("usage_stale", {"hour": hour}, ("hour",))
    for day in sorted({hour[:10] for hour in hours}):
        for table, dims in BY_DAY.items():
            db.delete(table, starts=day)
            _add_up(db, table, "usage_hours", 10, dims, {"day": day, "next": spans.after(day)})
    return len(hours)


def wrong_hours(db: Database) -> list[str]:
    """Hours whose rollup does not hold what their calls sum to: a clock was set back, or prices changed unseen."""
    raw = """SELECT SUBSTR(finished_at, 1, 13) AS hour, COUNT(*) AS n, CAST(SUM(cost_nano) AS BIGINT) AS nano FROM calls
    WHERE finished_at >= :pruned AND finished_at < :rolled GROUP BY 1"""
    kept = """SELECT starts AS hour, CAST(SUM(calls) AS BIGINT) AS n, CAST(SUM(cost_nano) AS BIGINT) AS nano
    FROM usage_hours WHERE starts >= :pruned GROUP BY starts"""
    given = {"pruned": marks.get(db, "pruned")}
    have = {row["hour"]: (row["n"], row["nano"] or 0) for row in db.rows(kept, given)}
    given["rolled"] = marks.get(db, "rolled")
    want = {row["hour"]: (row["n"], row["nano"] or 0) for row in db.rows(raw, given)}
    return sorted(hour for hour in have | want if have.get(hour) != want.get(hour))


def heal(db: Database) -> int:
    """Correct the hours that are wrong; how many."""
    if not wrong_hours(db):
        return 0
    with db.transaction():
        marks.held(db, "rolled")
        return correct(db, wrong_hours(db))


def rebuild(db: Database) -> int:
    """Throw away what can be made again from calls and make it; how many calls. Days without calls left stay."""
    with db.transaction():
        marks.held(db, "rolled")
        pruned = {"since": marks.get(db, "pruned")}
        for table, column in TABLES.items():
            db.execute(f"DELETE FROM {table} WHERE {column} >= :since", pruned)
        for mark in ("rolled", "compared"):
            marks.put(db, mark, pruned["since"])
    return roll_all(db)


# Sums by day, and the dimensions that they keep apart.
BY_DAY: dict[str, tuple[str, ...]] = {"usage_days": tuple(DIMS), "usage_models": NARROW}
TABLES = dict.fromkeys(("usage_hours", *BY_DAY, "usage_baseline_days"), "starts")
TABLES |= dict.fromkeys(("usage_tasks", "usage_prices", "usage_baselines"), "hour")
_BETWEEN = "c.finished_at >= :since AND c.finished_at < :edge"


def _edge(db: Database, since: str, until: str, most: int) -> str:
    """Where the slice ends: all calls of one moment are in the same."""
    sql = f"SELECT c.finished_at FROM calls c WHERE {_BETWEEN} ORDER BY c.finished_at LIMIT 1 OFFSET :most"
    found = db.value(sql, {"since": since, "edge": until, "most": most})
    return until if found is None else clock.iso(clock.parse(found) + timedelta(microseconds=1))


def _add(db: Database, span: dict[str, Any]) -> None:
    # Calls are read once, and what they sum to three times: it is much less.
    _out_of_calls(db, "usage_slice", span)
    _add_up(db, "usage_hours", "usage_slice", 13, tuple(DIMS))
    for table, dims in BY_DAY.items():
        _add_up(db, table, "usage_slice", 10, dims)
    db.execute("DELETE FROM usage_slice")
    _add_tasks(db, span)
    _add_prices(db, span)


def _out_of_calls(db: Database, table: str, span: dict[str, Any]) -> None:
    """Into a table by the hour that has none of these hours yet."""
    db.execute(
        f"INSERT INTO {table} ({_COLUMNS}) SELECT SUBSTR(c.finished_at, 1, 13), {_OUT_OF_CALLS} FROM calls c "
        f"WHERE {_BETWEEN} GROUP BY {_GROUPED}",
        span,
    )


def _add_up(
    db: Database, table: str, source: str, digits: int, dims: tuple[str, ...], days: dict[str, str] | None = None
) -> None:
    """Out of sums by the hour into what `table` has by hour (13 digits) or day (10)."""
    key, sums = ", ".join(("starts", *dims)), ", ".join(f"CAST(SUM({name}) AS BIGINT)" for name in KEPT)
    sets = ", ".join(f"{name} = {table}.{name} + EXCLUDED.{name}" for name in KEPT)
    # SQLite takes ON CONFLICT after a SELECT only where that has a WHERE.
    db.execute(
        f"INSERT INTO {table} ({key}, {', '.join(KEPT)}) SELECT SUBSTR(starts, 1, {digits}), {', '.join(dims)}, {sums} "
        f"FROM {source} WHERE {'starts >= :day AND starts < :next' if days else 'TRUE'} "
        f"GROUP BY {', '.join(str(n + 1) for n in range(len(dims) + 1))} ON CONFLICT ({key}) DO UPDATE SET {sets}",
        days,
    )


def _add_tasks(db: Database, span: dict[str, Any]) -> None:
    """What each task cost by the hour, for the cost of an accepted task."""
    db.execute(
        "INSERT INTO usage_tasks (task_id, hour, task_kind, calls, cost_nano, simulated_nano) "
        "SELECT c.task_id, SUBSTR(c.finished_at, 1, 13), MAX(c.task_kind), COUNT(*), "
        "CAST(COALESCE(SUM(c.cost_nano), 0) AS BIGINT), "
        "CAST(COALESCE(SUM(CASE WHEN c.simulated THEN c.cost_nano ELSE 0 END), 0) AS BIGINT) "
        f"FROM calls c WHERE {_BETWEEN} AND c.task_id IS NOT NULL GROUP BY 1, 2 "
        "ON CONFLICT (task_id, hour) DO UPDATE SET calls = usage_tasks.calls + EXCLUDED.calls, "
        "cost_nano = usage_tasks.cost_nano + EXCLUDED.cost_nano, "
        "simulated_nano = usage_tasks.simulated_nano + EXCLUDED.simulated_nano",
        span,
    )


def _add_prices(db: Database, span: dict[str, Any]) -> None:
    db.execute(
        "INSERT INTO usage_prices (hour, cost_source, price_version, calls, cost_nano) "
        f"SELECT SUBSTR(c.finished_at, 1, 13), c.cost_source, {PRICE_VERSION}, COUNT(*), "
        "CAST(COALESCE(SUM(c.cost_nano), 0) AS BIGINT) "
        f"FROM calls c WHERE {_BETWEEN} GROUP BY 1, 2, 3 ON CONFLICT (hour, cost_source, price_version) DO UPDATE "
        "SET calls = usage_prices.calls + EXCLUDED.calls, cost_nano = usage_prices.cost_nano + EXCLUDED.cost_nano",
        span,
    )


def _next(hour: str) -> str:
    return clock.iso(clock.parse(f"{hour}:00Z") + timedelta(hours=1))
