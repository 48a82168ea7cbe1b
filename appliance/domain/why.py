"""Why a task stands where it stands, and what would move it: one sentence and one action."""

from collections.abc import Callable

import msgspec

from appliance.db.database import Database
from appliance.domain import agents, approvals, checks, routing, runs, steps, tasks
from appliance.domain.agents import Agent
from appliance.domain.runs import Run
from appliance.domain.tasks import Task
from appliance.errors import Problem

FIXES = {
    "budget": ("Raise the budget", "budget"),
    "capability": ("Look at the providers", "provider"),
}
AT_WORK = ("ready", "running")


class Why(msgspec.Struct, frozen=True):
    """`verb` names what the action does: a verb of the task, or assign, resume, provider, budget, look, decide.

    `ref` is what the verb is about when that is not the task: an agent's slug, a task's number or an approval's id.
    """

    code: str
    sentence: str
    action: str = ""
    verb: str = ""
    ref: str = ""


def why(db: Database, task: Task) -> Why:
    """The first reason that holds, from the run outwards."""
    run = runs.get(db, task.run_id) if task.run_id else None
    if (run is None or run.state not in AT_WORK) and (asked := approvals.of_task(db, task.id, "pending")):
        return Why("approval", f"It waits for a decision: {asked[-1].title}.", "Decide", "decide", asked[-1].id)
    if run is not None and task.open and (run.open or run.state == "parked"):
        return _RUN[run.state](db, task, run)
    return _STATE[task.state](db, task)


def _running(db: Database, task: Task, run: Run) -> Why:
    if run.cancel_requested:
        return Why("stopping", "The run was asked to stop and ends at its next step.")
    done = steps.of_run(db, run.id)
    after = f" The last one was {done[-1].name}." if done else ""
    return Why("running", f"{task.agent_name} works on step {len(done) + 1}.{after}")


def _ready(db: Database, task: Task, run: Run) -> Why:
    agent = agents.get(db, run.agent_id)
    if agent.paused:
        return Why("agent_paused", f"{agent.name} is paused.", f"Resume {agent.name}", "resume", agent.slug)
    if unserved := _unserved(db, agent):
        return unserved
    ahead = _ahead(db, run)
    if agent.running >= agent.max_concurrency:
        sentence = f"{agent.name} works on {agent.running} of at most {agent.max_concurrency} tasks at once"
        return Why("capacity", f"{sentence}; {_more(ahead)} before this one.", "See the agent", "look", agent.slug)
    if ahead:
        return Why("queued", f"It is queued; {_more(ahead)} before this one.")
    return Why("queued", "It is next and starts as soon as a worker is free.")


def _waiting(db: Database, task: Task, run: Run) -> Why:
    said = f" {run.failure_detail}" if run.failure_detail else ""
    if run.reason == "budget":
        return Why("budget", f"The budget does not allow the next call.{said}", *FIXES["budget"])
    until = f" until {run.ready_at[:19].replace('T', ' ')} UTC" if run.ready_at < "9" else ""
    if run.reason == "quota":
        return Why("quota", f"The provider asked to slow down; the run goes on by itself{until}.{said}")
    return Why(run.reason or "timer", f"The run waits{until} and goes on by itself.{said}")


def _parked(db: Database, task: Task, run: Run) -> Why:
    return Why("parked", run.failure_detail or "The run stopped and needs a decision.", "Try again", "retry")


def _todo(db: Database, task: Task) -> Why:
    if first := tasks.open_blockers(db, task.id):
        more = f" and {len(first) - 1} more" if len(first) > 1 else ""
        sentence = f"It waits for #{first[0].number} {first[0].title}{more}."
        return Why("blocked_by", sentence, f"Open #{first[0].number}", "open", str(first[0].number))
    if task.member_id:
        return Why("with_person", "It is assigned to a person.")
    if task.agent_id is None:
        return Why("no_assignee", "Nobody is assigned.", "Choose an agent", "assign")
    agent = agents.get(db, task.agent_id)
    return _unserved(db, agent) or Why("not_started", f"{agent.name} has not been started on it.", "Start", "start")


def _in_progress(db: Database, task: Task) -> Why:
    if task.agent_id and not task.member_id:
        return Why("no_run", "It was moved here by hand; no run is open.", "Start", "start")
    return Why("with_person", "A person works on it.")


def _in_review(db: Database, task: Task) -> Why:
    failing = [c for c in checks.of_task(db, task.id) if c.kind != "human_ack" and c.state not in ("pass", "waived")]
    if failing:
        return Why("checks_open", f"A check has not passed: {failing[0].sentence}.", "Try again", "retry")
    if first := tasks.open_blockers(db, task.id):
        return Why("blocked_by", f"It waits for #{first[0].number} {first[0].title}.", "", "", str(first[0].number))
    if left := [child for child in tasks.children(db, task.id) if child.open]:
        number = left[0].number
        sentence = f"{len(left)} sub-tasks are open, first #{number} {left[0].title}."
        return Why("children_open", sentence, f"Open #{number}", "open", str(number))
    asked = [c.sentence for c in checks.of_task(db, task.id) if c.kind == "human_ack" and c.state == "open"]
    question = f": {asked[0].rstrip('.?')}?" if asked and asked[0].endswith("?") else "."
    return Why("review", f"It waits for you to accept the result{question}", "Accept", "approve")


def _blocked(db: Database, task: Task) -> Why:
    action, verb = FIXES.get(task.blocked_reason, ("Try again", "retry"))
    return Why(task.blocked_reason or "blocked", task.blocked_detail or "Something holds it.", action, verb)


def _unserved(db: Database, agent: Agent) -> Why | None:
    try:
        routing.resolve(db, agent.model)
    except Problem as problem:
        return Why("no_provider", problem.detail, "Look at the providers", "provider")
    return None


def _ahead(db: Database, run: Run) -> int:
    """Queued runs that the agent takes first."""
    sql = """SELECT COUNT(*) AS n FROM runs WHERE agent_id = :agent AND state = 'ready'
      AND (priority > :priority OR (priority = :priority AND (ready_at < :at OR (ready_at = :at AND id < :id))))"""
    keys = {"agent": run.agent_id, "priority": run.priority, "at": run.ready_at, "id": run.id}
    return int(db.value(sql, keys))


def _more(ahead: int) -> str:
    return f"{ahead} run{'s' if ahead != 1 else ''} stand{'' if ahead != 1 else 's'}"


_RUN: dict[str, Callable[[Database, Task, Run], Why]] = {
    "running": _running,
    "ready": _ready,
    "waiting": _waiting,
    "parked": _parked,
}
_STATE: dict[str, Callable[[Database, Task], Why]] = {
    "backlog": lambda db, task: Why("backlog", "It is in the backlog.", "Plan it", "plan"),
    "todo": _todo,
    "in_progress": _in_progress,
    "in_review": _in_review,
    "blocked": _blocked,
    "done": lambda db, task: Why("done", "It is done. Nothing is open."),
    "cancelled": lambda db, task: Why("cancelled", "It was cancelled.", "Reopen", "reopen"),
}
