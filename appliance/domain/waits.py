"""What a run may wait for while its worker is free: a timer, a provider's quota, or money."""

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events, runs
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.runs import Run


def for_time(db: Database, run: Run, reason: str, seconds: float, detail: str) -> None:
    """Go on after `seconds`; `reason` is timer or quota. In the engine's transaction."""
    runs.wait(db, run, reason, clock.ahead(seconds), detail)


def for_budget(db: Database, run: Run, detail: str) -> None:
    """Go on when a budget is raised; the task says so meanwhile. In the engine's transaction."""
    if not runs.wait(db, run, "budget", None, detail):
        return
    values = {"blocked_reason": "budget", "blocked_detail": detail, "updated_at": clock.iso()}
    db.update("tasks", {"id": run.task_id}, state="blocked", **values)
    events.record(db, SYSTEM, "task.blocked", task_id=run.task_id, run_id=run.id, agent_id=run.agent_id)


def release_budget(db: Database, actor: Actor) -> int:
    """Let every run that waits for money try again: each meets the budget anew. How many there were."""
    with db.transaction():
        rows = db.rows("SELECT id, task_id FROM runs WHERE state = 'waiting' AND reason = 'budget'")
        for row in rows:
            runs.wake(db, row["id"])
            db.update("tasks", {"id": row["task_id"]}, blocked_reason="", blocked_detail="", state="in_progress")
            events.record(db, actor, "task.in_progress", task_id=row["task_id"], run_id=row["id"])
    return len(rows)
