"""Why a task stands where it stands, and what would move it: one sentence and one action."""

from collections.abc import Callable

from appliance import clock
from appliance.db.database import Database
from appliance.domain import (
    agents,
    approvals,
    checks,
    loops,
    runs,
    tasks,
    wake_rows,
    why_blockers,
    why_run,
    why_workflow,
)
from appliance.domain.approvals import Approval
from appliance.domain.tasks import Task
from appliance.domain.why_shape import FIXES as FIXES
from appliance.domain.why_shape import Why as Why
from appliance.domain.why_shape import until

AT_WORK = ("ready", "running")
# What each kind of question is called here; the rest are approvals.
ASKED = {"in_doubt": "in_doubt", "breaker": "breaker", "budget": "budget"}


def why(db: Database, task: Task) -> Why:
    """The first reason that holds, from the run outwards."""
    if found := why_workflow.why(db, task):
        return found
    run = runs.get(db, task.run_id) if task.run_id else None
    if (run is None or run.state not in AT_WORK) and (asked := approvals.of_task(db, task.id, "pending")):
        return _asked(asked[-1])
    if run is not None and task.open and (run.open or run.state == "parked"):
        return why_run.why(db, task, run)
    return _held(db, task) or _STATE[task.state](db, task)


def _asked(found: Approval) -> Why:
    code = ASKED.get(found.kind, "approval")
    return Why(code, f"It waits for a decision: {found.title.rstrip('.')}.", "Decide", "decide", found.id)


def _held(db: Database, task: Task) -> Why | None:
    """A wake that has not become a run: its time has not come, or a breaker holds it."""
    if not task.open or task.agent_id is None:
        return None
    newest = next((w for w in wake_rows.of_task(db, task.id) if w.state != "coalesced"), None)
    if newest is None or newest.agent_id != task.agent_id:
        return None
    because = newest.reason.replace("_", " ")
    if newest.state == "queued":
        when = f"It rests{until(newest.not_before)}" if newest.not_before > clock.iso() else "It is about to start"
        return Why("wake", f"{when}; {task.agent_name} was woken: {because}.", "Start now", "start")
    if newest.breaker_id and newest.state in ("tripped", "dropped") and loops.stands(db, newest.breaker_id):
        verb = "retry" if task.run_state else "start"
        sentence = f"It seemed to go round in circles ({because}) and was stopped until a person starts it."
        return Why("breaker", sentence, "Start it again", verb)
    return None


def _todo(db: Database, task: Task) -> Why:
    if blocked := why_blockers.why(db, task):
        return blocked
    if task.member_id:
        return Why("with_person", "It is assigned to a person.")
    if task.agent_id is None:
        return Why("no_assignee", "Nobody is assigned.", "Choose an agent", "assign")
    agent = agents.get(db, task.agent_id)
    not_started = Why("not_started", f"{agent.name} has not been started on it.", "Start", "start")
    return why_run.unserved(db, agent) or not_started


def _in_progress(db: Database, task: Task) -> Why:
    if task.agent_id and not task.member_id:
        return Why("no_run", "It was moved here by hand; no run is open.", "Start", "start")
    return Why("with_person", "A person works on it.")


def _in_review(db: Database, task: Task) -> Why:
    failing = [c for c in checks.of_task(db, task.id) if c.kind != "human_ack" and c.state not in ("pass", "waived")]
    if failing:
        return Why("checks_open", f"A check has not passed: {failing[0].sentence}.", "Try again", "retry")
    if blocked := why_blockers.why(db, task):
        return blocked
    left, first = tasks.open_children(db, task.id)
    if first:
        sentence = f"{left} sub-tasks are open, first #{first.number} {first.title}."
        return Why("children_open", sentence, f"Open #{first.number}", "open", str(first.number))
    asked = [c.sentence for c in checks.of_task(db, task.id) if c.kind == "human_ack" and c.state == "open"]
    question = f": {asked[0].rstrip('.?')}?" if asked and asked[0].endswith("?") else "."
    return Why("review", f"It waits for you to accept the result{question}", "Accept", "approve")


def _blocked(db: Database, task: Task) -> Why:
    action, verb = FIXES.get(task.blocked_reason, ("Try again", "retry"))
    return Why(task.blocked_reason or "blocked", task.blocked_detail or "Something holds it.", action, verb)


_STATE: dict[str, Callable[[Database, Task], Why]] = {
    "backlog": lambda db, task: Why("backlog", "It is in the backlog.", "Plan it", "plan"),
    "todo": _todo,
    "in_progress": _in_progress,
    "in_review": _in_review,
    "blocked": _blocked,
    "done": lambda db, task: Why("done", "It is done. Nothing is open."),
    "cancelled": lambda db, task: Why("cancelled", "It was cancelled.", "Reopen", "reopen"),
}
