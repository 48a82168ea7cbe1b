"""Why a task whose run has not ended stands where it stands."""

from collections.abc import Callable

from appliance import diskspace
from appliance.db.database import Database
from appliance.domain import (
    agents,
    awaited,
    budget_questions,
    candidates,
    preferences,
    providers,
    quotas,
    routing,
    steps,
    why_blockers,
)
from appliance.domain.agents import Agent
from appliance.domain.run_codes import CODES
from appliance.domain.runs import Run
from appliance.domain.tasks import Task
from appliance.domain.why_shape import FIXES, Why, until
from appliance.errors import Problem


def why(db: Database, task: Task, run: Run) -> Why:
    return _STATE[run.state](db, task, run)


def unserved(db: Database, agent: Agent) -> Why | None:
    """That no account serves the agent's model."""
    try:
        routing.resolve(db, agent.model)
    except Problem as problem:
        return Why("no_provider", problem.detail, "Look at the providers", "provider")
    return None


def _running(db: Database, task: Task, run: Run) -> Why:
    if run.cancel_requested:
        return Why("stopping", "The run was asked to stop and ends at its next step.")
    done = steps.of_run(db, run.id)
    after = f" The last one was {done[-1].name}." if done else ""
    return Why("running", f"{task.agent_name} works on step {len(done) + 1}.{after}")


def _ready(db: Database, task: Task, run: Run) -> Why:
    agent = agents.get(db, run.agent_id)
    if diskspace.any_low():
        return Why("disk_full", "The disk of the box is nearly full: no new work is begun until there is space again.")
    if agent.paused:
        return Why("agent_paused", f"{agent.name} is paused.", f"Resume {agent.name}", "resume", agent.slug)
    return unserved(db, agent) or why_blockers.why(db, task) or _at_a_limit(db, agent, run) or _queued(_ahead(db, run))


def _at_a_limit(db: Database, agent: Agent, run: Run) -> Why | None:
    """The first limit on runs at the same time that holds this one."""
    if agent.running >= agent.max_concurrency:
        sentence = f"{agent.name} works on {agent.running} of at most {agent.max_concurrency} tasks at once"
        more = _more(_ahead(db, run))
        return Why("capacity", f"{sentence}; {more} before this one.", "See the agent", "look", agent.slug)
    account = next((p for p in providers.all(db) if p.id == run.provider_id), None)
    if account and account.max_concurrency is not None:
        used = _running_now(db, "provider_id = :id", account.id)
        if used >= account.max_concurrency:
            sentence = f"The account {account.name} serves {used} of at most {account.max_concurrency} runs at once."
            return Why("account_limit", sentence, "Look at the providers", "provider", account.id)
    most = preferences.get(db, candidates.MAX_RUNNING)
    if most is not None and (used := _running_now(db, "1 = 1", "")) >= most:
        return Why("tenant_limit", f"{used} of at most {most} runs are at work in all.", "Change the limit", "limits")
    return _at_the_plan(db)


def _at_the_plan(db: Database) -> Why | None:
    most, plan = db.bounds.running, db.bounds.plan_name
    if most is not None and (used := quotas.running(db)) >= most:
        sentence = f"{used} of the {most} runs that the plan {plan} allows at the same time are at work."
        return Why("plan_limit", sentence, "Look at the plan", "quota")
    if quotas.full(db):
        limit = quotas.sized(db.bounds.storage_bytes or 0)
        sentence = f"The {limit} of storage that the plan {plan} allows are used up; no run starts."
        return Why("plan_storage", sentence, "Look at the plan", "quota")
    return None


def _queued(ahead: int) -> Why:
    if ahead:
        return Why("queued", f"It is queued; {_more(ahead)} before this one.")
    return Why("queued", "It is next and starts as soon as a worker is free.")


def _waiting(db: Database, task: Task, run: Run) -> Why:
    said = f" {run.failure_detail}" if run.failure_detail else ""
    at = until(run.ready_at)
    if run.reason == "budget":
        return _budget(db, task, said)
    if run.reason == "quota":
        return Why("quota", f"The provider asked to slow down; the run goes on by itself{at}.{said}")
    if run.reason == "signal":
        late = f" It goes on without it when none has come{at}." if at else ""
        return Why("signal", f"It waits for the signal {run.wait_key}.{late}", "Look at the run", "run")
    if run.reason == "child":
        return _children(db, task)
    return Why(run.reason or "timer", f"The run waits{at} and goes on by itself.{said}")


def _children(db: Database, task: Task) -> Why:
    found = awaited.of(db, task.id)
    if left := [child for child in found if not child.ended]:
        first = next((child for child in left if child.state == "blocked"), left[0])
        sentence = f"It waits for {len(left)} of {len(found)} sub-tasks, first #{first.number} {first.title}."
        return Why("children", sentence, f"Open #{first.number}", "open", str(first.number))
    return Why("children", "Its sub-tasks have ended; it goes on by itself.")


def _budget(db: Database, task: Task, said: str) -> Why:
    sentence = f"The budget does not allow the next call.{said}"
    if asked := budget_questions.of_task(db, task.id):
        return Why("budget", sentence, "Decide", "decide", asked.id)
    return Why("budget", sentence, *FIXES["budget"])


def _parked(db: Database, task: Task, run: Run) -> Why:
    code = CODES.get(run.reason)
    sentence = run.failure_detail or (code.sentence if code else "The run stopped and needs a decision.")
    if code and code.resumes:
        return Why("parked", sentence, "Run again from a step", "fork")
    return Why("parked", sentence, "Try again", "retry")


def _running_now(db: Database, which: str, of: str) -> int:
    return int(db.value(f"SELECT COUNT(*) AS n FROM runs WHERE state = 'running' AND {which}", {"id": of}))


def _ahead(db: Database, run: Run) -> int:
    """Queued runs that the agent takes first."""
    sql = """SELECT COUNT(*) AS n FROM runs WHERE agent_id = :agent AND state = 'ready'
      AND (priority > :priority OR (priority = :priority AND (ready_at < :at OR (ready_at = :at AND id < :id))))"""
    keys = {"agent": run.agent_id, "priority": run.priority, "at": run.ready_at, "id": run.id}
    return int(db.value(sql, keys))


def _more(ahead: int) -> str:
    return f"{ahead} run{'s' if ahead != 1 else ''} stand{'' if ahead != 1 else 's'}"


_STATE: dict[str, Callable[[Database, Task, Run], Why]] = {
    "running": _running,
    "ready": _ready,
    "waiting": _waiting,
    "parked": _parked,
}
