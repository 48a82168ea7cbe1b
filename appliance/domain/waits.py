"""What a run may wait for while its worker is free: a timer, a provider's quota, or money."""

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import budgets, runs, standing
from appliance.domain.actor import Actor
from appliance.domain.budgets import OverBudget, Scope
from appliance.domain.runs import Run


def for_time(db: Database, run: Run, reason: str, seconds: float, detail: str) -> None:
    """Go on after `seconds`; `reason` is timer or quota. In the engine's transaction."""
    runs.wait(db, run, reason, clock.ahead(seconds), detail)


def for_budget(db: Database, run: Run, over: OverBudget) -> None:
    """Go on when there is room for the call; the task says so meanwhile. In the engine's transaction."""
    detail = over.detail
    if not runs.wait(db, run, "budget", None, detail):
        return
    db.update("runs", {"id": run.id}, needs_nano=over.needed_nano)
    standing.block(db, run.task_id, "budget", detail, run.id)


def release_budget(db: Database, actor: Actor) -> int:
    """Let go on every run that waits for money and whose next call has room now; how many there were.

    Room comes from a raised limit, a new day or month, or a call that cost less than was held for it.
    """
    sql = "SELECT id, task_id, agent_id, needs_nano FROM runs WHERE state = 'waiting' AND reason = 'budget' LIMIT 200"
    if not (waiting := db.rows(sql)):
        return 0
    with db.transaction():
        rows = [row for row in waiting if budgets.fits(db, _scopes(row), row["needs_nano"])]
        for row in rows:
            runs.wake(db, row["id"])
            standing.unblock(db, actor, row["task_id"], row["id"])
    return len(rows)


def _scopes(run: Row) -> tuple[Scope, ...]:
    return budgets.scopes(agent_id=run["agent_id"], task_id=run["task_id"], run_id=run["id"])
