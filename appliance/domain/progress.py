"""Whether work gets anywhere, and how fast it spends: what the breakers judge by."""

from appliance import clock
from appliance.db.database import Database
from appliance.domain import preferences

NANO = 1_000_000_000
WEEK_S, HOUR_S = 7 * 86_400, 3600
LEAST_HOURS = 3
TIMES_USUAL = 3
_PERSON = "(e.actor LIKE 'member:%' OR e.actor LIKE 'key:%' OR e.actor = 'system:cli')"
# A file with content that was not written before, a sub-task that is done, or something a person did.
_TASK = f"""
SELECT CASE WHEN
  EXISTS (SELECT 1 FROM events e WHERE e.task_id = :task AND e.at > :since AND {_PERSON})
  OR EXISTS (SELECT 1 FROM tasks c WHERE c.parent_id = :task AND c.state = 'done' AND c.finished_at > :since)
  OR EXISTS (SELECT 1 FROM runs r JOIN steps s ON s.run_id = r.id
    WHERE r.task_id = :task AND s.name = 'workspace.write' AND s.state = 'done' AND s.finished_at > :since
      AND NOT EXISTS (SELECT 1 FROM runs b JOIN steps w ON w.run_id = b.id WHERE b.task_id = :task
        AND w.name = s.name AND w.input_digest = s.input_digest AND w.finished_at <= :since))
THEN 1 ELSE 0 END AS made
"""
_CHAIN = f"""
SELECT CASE WHEN EXISTS (SELECT 1 FROM runs r JOIN events e ON e.task_id = r.task_id
  WHERE r.chain = :chain AND e.at > :since AND {_PERSON}) THEN 1 ELSE 0 END AS made
"""


def of_task(db: Database, task_id: str, since: str) -> bool:
    """A file of new content, another sub-task done, or an act of a person. Rewriting the same is none of these."""
    return bool(db.value(_TASK, {"task": task_id, "since": since}))


def of_chain(db: Database, chain: str, since: str) -> bool:
    """A chain runs without people; only one of them, on any of its tasks, shows that it is wanted."""
    return bool(db.value(_CHAIN, {"chain": chain, "since": since}))


def spent(db: Database, column: str, subject: str) -> int:
    """Nano-dollars of the runs that worked in the last hour; `column` is task_id or chain."""
    sql = f"""SELECT CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT) AS n FROM runs
      WHERE {column} = :subject AND COALESCE(finished_at, :now) > :hour"""
    return int(db.value(sql, {"subject": subject, "now": clock.iso(), "hour": clock.ahead(-HOUR_S)}))


def hourly_limit(db: Database, agent_id: str, task_id: str) -> int | None:
    """Nano-dollars an hour beyond which a loop is stopped.

    What the preference breaker_usd_per_hour says; without it three times the agent's usual hour of the last week, where
    a budget shows that somebody counts; None where neither is known.
    """
    usd = preferences.get(db, "breaker_usd_per_hour")
    if usd is not None:
        return round(float(usd) * NANO)
    sql = """SELECT id FROM budgets WHERE scope = 'tenant' OR (scope = 'agent' AND scope_id = :agent)
      OR (scope = 'task' AND scope_id = :task) LIMIT 1"""
    if db.one(sql, {"agent": agent_id, "task": task_id}) is None:
        return None
    row = db.rows(
        """SELECT CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT) AS n, COUNT(DISTINCT substr(created_at, 1, 13)) AS hours
          FROM runs WHERE agent_id = :agent AND created_at >= :week AND created_at < :hour AND cost_nano > 0""",
        {"agent": agent_id, "week": clock.ahead(-WEEK_S), "hour": clock.ahead(-HOUR_S)},
    )[0]
    return None if row["hours"] < LEAST_HOURS else TIMES_USUAL * int(row["n"]) // int(row["hours"])
