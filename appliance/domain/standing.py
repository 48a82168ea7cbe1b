"""Where a task stands because of its run: blocked with a typed reason and who holds it, or at work again."""

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events, families
from appliance.domain.actor import SYSTEM, Actor

REASONS = ("needs_input", "dependency", "budget", "approval", "capability", "transient", "needs_decision")


def block(db: Database, task_id: str, reason: str, detail: str, run_id: str | None = None) -> None:
    """In a transaction; `reason` is one of REASONS. A task that a person has put elsewhere stays there.

    Its parent hears of what it may settle.
    """
    values = {"id": task_id, "reason": reason, "detail": detail, "at": clock.iso()}
    sql = """UPDATE tasks SET state = 'blocked', blocked_reason = :reason, blocked_detail = :detail, updated_at = :at
      WHERE id = :id AND state IN ('todo', 'in_progress', 'blocked') RETURNING agent_id"""
    if row := db.one(sql, values):
        events.record(
            db, SYSTEM, "task.blocked", task_id=task_id, run_id=run_id, agent_id=row["agent_id"], reason=reason
        )
        families.stuck(db, task_id, reason)


def unblock(db: Database, actor: Actor, task_id: str, run_id: str | None = None) -> None:
    """Its run goes on. In a transaction."""
    sql = """UPDATE tasks SET state = 'in_progress', blocked_reason = '', blocked_detail = '', updated_at = :at
      WHERE id = :id AND state = 'blocked' RETURNING agent_id"""
    if row := db.one(sql, {"id": task_id, "at": clock.iso()}):
        events.record(db, actor, "task.in_progress", task_id=task_id, run_id=run_id, agent_id=row["agent_id"])
