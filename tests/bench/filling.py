"""The one place that makes runs in bulk for the scenes: many in one transaction, so that filling takes seconds."""

from appliance import clock
from appliance.db.database import Database
from appliance.domain import tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.task_forms import NewTask

BATCH = 1000
DONE = "sim: say done"
TASKS = 10_000


def queued(db: Database, count: int, body: str = DONE) -> None:
    """Tasks of Ada, each with a run that may start now."""
    for start in range(0, count, BATCH):
        with db.transaction():
            for _ in range(start, min(start + BATCH, count)):
                tasks.create(db, SYSTEM, NewTask("No-op", body, "ada"))


def asleep(db: Database, count: int, seconds: float) -> None:
    """Runs that wait for their timers; the first is due after `seconds`, each other one a second later."""
    queued(db, count)
    sql = "UPDATE runs SET state = 'waiting', reason = 'timer', ready_at = :at WHERE id = :id"
    with db.transaction():
        for n, row in enumerate(db.rows("SELECT id FROM runs WHERE state = 'ready'")):
            db.execute(sql, {"id": row["id"], "at": clock.ahead(seconds + n)})


def held(db: Database, owner: str) -> None:
    """Everything that is ready becomes work under way of `owner`, whatever the agent's concurrency allows."""
    sql = """UPDATE runs SET state = 'running', lease_owner = :owner, lease_until = :until, fence = fence + 1,
      claims_without_progress = 1, started_at = :now WHERE state = 'ready'"""
    db.execute(sql, {"owner": owner, "until": clock.ahead(30), "now": clock.iso()})


def ended(db: Database, count: int) -> None:
    """The past of a tenant with agents Ada and Bo: one run in a hundred is Bo's, one in a thousand failed."""
    with db.transaction():
        for _ in range(TASKS):
            tasks.create(db, SYSTEM, NewTask("Piece of work", "", "ada", start=False))
        db.execute(_PAST, {"count": count, "tasks": TASKS, "now": clock.iso()})


def woken(db: Database, count: int) -> None:
    """The wakes of a long past of agents Ada and Bo: one in a thousand was dropped, one in two thousand an answer."""
    with db.transaction():
        for _ in range(TASKS):
            tasks.create(db, SYSTEM, NewTask("Piece of work", "", "ada", start=False))
        db.execute(_WAKES, {"count": count, "tasks": TASKS, "now": clock.iso()})


_WAKES = """
INSERT INTO wakes (id, agent_id, task_id, reason, causes, chain, depth, not_before, state, created_at)
WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < :count)
SELECT printf('01890000-0000-7000-8000-%012x', n),
  CASE WHEN n % 101 = 0 THEN (SELECT id FROM agents WHERE slug = 'bo') ELSE t.agent_id END, t.id,
  CASE WHEN n % 2000 = 0 THEN 'answered' WHEN n % 7 = 0 THEN 'child_ended' ELSE 'started' END, '[]',
  printf('chain-%d', n / 10), 0, :now,
  CASE WHEN n % 1000 = 0 THEN 'dropped' WHEN n % 9 = 0 THEN 'coalesced' ELSE 'run' END, :now
FROM counted JOIN tasks t ON t.number = 1 + n % :tasks
"""
_PAST = """
INSERT INTO runs (id, task_id, agent_id, agent_revision, attempt, state, priority, ready_at, chain, depth, created_at,
  started_at, finished_at)
WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < :count)
SELECT printf('01890000-0000-7000-8000-%012x', n), t.id,
  CASE WHEN n % 101 = 0 THEN (SELECT id FROM agents WHERE slug = 'bo') ELSE t.agent_id END, 1, 1 + n / :tasks,
  CASE WHEN n % 1000 = 0 THEN 'failed' WHEN n % 50 = 0 THEN 'cancelled' ELSE 'succeeded' END,
  1, :now, '', 0, :now, :now, :now
FROM counted JOIN tasks t ON t.number = 1 + n % :tasks
"""
