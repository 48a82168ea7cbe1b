"""What people are asked when money holds work up: one question for each budget and span, however many runs wait.

A waiting run keeps the question's key, so the question, the runs behind it and the room they need find each other.
"""

from appliance.db.database import Database
from appliance.domain import approvals, budget_asks, events
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.approvals import Approval
from appliance.domain.budgets import OverBudget
from appliance.domain.runs import Run

# Ends the key of a question that a tool outside gave rise to: no run waits behind it.
OF_TOOLS = ":tools"


def ask(db: Database, over: OverBudget, run: Run) -> str:
    """Ask once; the key. Not again while it is open or was answered with a no. In the caller's transaction.

    A budget that blocks is not asked about: work behind it waits for room.
    """
    about = budget_asks.key(db, over.budget)
    if not _blocks(over):
        _ask(db, over, about, run.task_id, run.agent_id)
    return about


def ask_for_tools(db: Database, over: OverBudget, agent_id: str | None) -> None:
    """The same for a call that is refused and not kept; not beside a question of runs about the same money."""
    about = budget_asks.key(db, over.budget)
    if not _blocks(over) and not stands(db, about):
        _ask(db, over, about + OF_TOOLS, None, agent_id)


def _blocks(over: OverBudget) -> bool:
    return over.budget is not None and over.budget.action == "block"


def _ask(db: Database, over: OverBudget, about: str, work: str | None, agent_id: str | None) -> None:
    if stands(db, about):
        return
    # The counter's row lock: two runs that stop at once ask one question.
    db.next_number("budget_question")
    if not stands(db, about):
        task_id = over.budget.scope_id if over.budget and over.budget.scope == "task" else None
        approvals.ask(db, SYSTEM, budget_asks.worded(over, work, agent_id), task_id=task_id, step_key=about)


def stands(db: Database, key: str) -> Approval | None:
    """The open question of this key, or the one that was answered with a no."""
    row = db.one(
        "SELECT id FROM approvals WHERE kind = 'budget' AND step_key = :key "
        "AND (state = 'pending' OR decided_at IS NOT NULL) ORDER BY created_at DESC, id DESC LIMIT 1",
        {"key": key},
    )
    found = approvals.get(db, row["id"]) if row else None
    return found if found and found.state in ("pending", "rejected") else None


def of_task(db: Database, task_id: str) -> Approval | None:
    """The open question that holds up the task's run, whichever run it was asked for."""
    sql = """SELECT p.id FROM approvals p JOIN runs r ON r.wait_key = p.step_key JOIN tasks t ON t.run_id = r.id
             WHERE t.id = :id AND r.state = 'waiting' AND r.reason = 'budget' AND p.kind = 'budget'
             AND p.state = 'pending'"""
    found = db.value(sql, {"id": task_id})
    return approvals.get(db, found) if found else None


def supersede(db: Database, actor: Actor, budget_id: str) -> None:
    """Somebody changed the limit itself: what was asked about the old one is void. In the caller's transaction."""
    _end(db, actor, "superseded", "step_key LIKE :key", f"budget:{budget_id}:%")


def withdraw_idle(db: Database) -> None:
    """Take back questions behind which no run waits any more."""
    waits = "SELECT 1 FROM runs r WHERE r.state = 'waiting' AND r.reason = 'budget' AND r.wait_key = step_key"
    idle = f"step_key NOT LIKE '%{OF_TOOLS}' AND NOT EXISTS ({waits})"
    if db.one(f"SELECT id FROM approvals WHERE kind = 'budget' AND state = 'pending' AND {idle} LIMIT 1"):
        _end(db, SYSTEM, "withdrawn", idle)


def _end(db: Database, actor: Actor, state: str, where: str, key: str = "") -> None:
    sql = f"UPDATE approvals SET state = :state WHERE kind = 'budget' AND state = 'pending' AND {where} RETURNING *"
    with db.transaction():
        for row in db.rows(sql, {"state": state, "key": key}):
            events.record(db, actor, f"approval.{state}", task_id=row["task_id"], approval_id=row["id"])
