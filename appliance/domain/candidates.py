"""Which queued runs may start: highest priority, then oldest, within every limit on runs at the same time."""

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain.wake_rows import OPEN_BLOCKER

MAX_RUNNING = "max_running"
# Those that may not start are passed over by the query itself: their agent or provider account is at its limit, the
# agent is paused, or the task waits for another.
_SELECT = f"""
SELECT r.id, r.agent_id, r.provider_id, r.deadline_at, a.runtime, t.time_limit_s, t.state AS task_state,
  t.agent_id AS holder, a.max_concurrency - COALESCE(busy.n, 0) AS slots,
  p.max_concurrency - COALESCE(used.n, 0) AS account_slots,
  (SELECT value FROM preferences WHERE name = '{MAX_RUNNING}') AS most_running,
  (SELECT COUNT(*) FROM runs b WHERE b.state = 'running') AS running
FROM runs r JOIN agents a ON a.id = r.agent_id JOIN tasks t ON t.id = r.task_id
LEFT JOIN (SELECT agent_id, COUNT(*) AS n FROM runs WHERE state = 'running' GROUP BY agent_id) busy
  ON busy.agent_id = r.agent_id
LEFT JOIN providers p ON p.id = r.provider_id
LEFT JOIN (SELECT provider_id, COUNT(*) AS n FROM runs WHERE state = 'running' GROUP BY provider_id) used
  ON used.provider_id = r.provider_id
WHERE r.state = 'ready' AND r.ready_at <= :now AND a.paused = FALSE AND COALESCE(busy.n, 0) < a.max_concurrency
  AND (p.max_concurrency IS NULL OR COALESCE(used.n, 0) < p.max_concurrency)
  AND NOT EXISTS (SELECT 1 {OPEN_BLOCKER})
"""
_IN_ORDER = " ORDER BY r.priority DESC, r.ready_at, r.id LIMIT :most "
_INTERACTIVE = " AND r.lane = 'interactive'"


def find(db: Database, most: int, interactive: bool) -> list[Row]:
    """Up to `most`, locked for this transaction where the database locks rows; `interactive`: only that lane."""
    sql = _SELECT + (_INTERACTIVE if interactive else "") + _IN_ORDER
    locked = db.skip_locked and f"{db.for_update} OF r SKIP LOCKED"
    return db.rows(sql + locked, {"now": clock.iso(), "most": most})


def pointless(row: Row) -> str:
    """Why a run has nothing left to do, as a sentence; "" when it has."""
    if row["task_state"] in ("done", "cancelled"):
        return f"The task was {row['task_state']} before it began."
    return "" if row["holder"] == row["agent_id"] else "The task was given to somebody else before it began."


def within_limits(rows: list[Row], quick: frozenset[str], most: int | None) -> list[Row]:
    """The first, then those that follow it while they are quick and agent, account and tenant have a slot left.

    `most` runs at the same time are what the tenant's plan allows.
    """
    slots = {row["agent_id"]: row["slots"] for row in rows}
    accounts = {row["provider_id"]: row["account_slots"] for row in rows if row["account_slots"] is not None}
    chosen: list[Row] = []
    for row in rows[: _room(rows, most)]:
        if chosen and (row["runtime"] not in quick or chosen[0]["runtime"] not in quick):
            break
        agent, account = row["agent_id"], row["provider_id"]
        if slots[agent] > 0 and accounts.get(account, 1) > 0:
            slots[agent] -= 1
            if account in accounts:
                accounts[account] -= 1
            chosen.append(row)
    return chosen


def _room(rows: list[Row], most: int | None) -> int:
    """How many of them the tenant's own limit and that of its plan allow."""
    own = rows[0]["most_running"] if rows else None
    limits = [*([] if most is None else [most]), *([] if own in (None, "null") else [int(own)])]
    return max(0, min(limits) - int(rows[0]["running"])) if rows and limits else len(rows)
