"""Run again from step k: a new run that takes over what an earlier one recorded before that step (ENGINE §7)."""

import msgspec

from appliance.db.database import Database
from appliance.domain import events, records, runs, steps, tasks
from appliance.domain.actor import Actor
from appliance.domain.runs import Run
from appliance.domain.steps import Step
from appliance.domain.tasks import Task
from appliance.domain.wakes import INTERACTIVE
from appliance.errors import Problem, not_found

FINISH = "task.finish"
FORKED = ("cancelled", "forked", "Set aside: a new run goes on from one of its steps.")
# Rows of the new run's log; a fence of 0 says that no claim of this run took the step.
_STEPS = """
INSERT INTO steps (run_id, key, ord, kind, name, effect, input_digest, state, attempts, input, result, first_message,
  last_message, call_id, cost_nano, fence, started_at, finished_at, approval_id)
SELECT :new, key, ord, kind, name, effect, input_digest, state, attempts, input, result, first_message,
  last_message, call_id, 0, 0, started_at, finished_at, approval_id FROM steps WHERE run_id = :old AND ord <= :ord
"""
_MESSAGES = """
INSERT INTO messages (run_id, seq, role, content, tool_calls, tool_call_id, at, blob)
SELECT :new, seq, role, content, tool_calls, tool_call_id, at, blob FROM messages WHERE run_id = :old AND seq <= :last
"""


class Plan(msgspec.Struct, frozen=True):
    """What a fork would take over and what it would do anew, both in order."""

    kept: list[Step]
    repeated: list[Step]


def plan(found: list[Step], from_key: str) -> Plan:
    """`found` are the run's steps in order; without a key everything recorded is taken over.

    Raises Problem(not_found), or Problem(conflict) for a step before it that has no outcome.
    """
    wanted = (n for n, step in enumerate(found) if (step.key == from_key if from_key else _open_ended(step)))
    at = next(wanted, None if from_key else len(found))
    if at is None:
        raise not_found(f"step {from_key}")
    if gap := next((step for step in found[:at] if step.state != "done"), None):
        raise Problem("conflict", f"The step {gap.key} before it has no outcome. Run again from there.")
    return Plan(found[:at], found[at:])


def refusal(db: Database, run: Run, task: Task) -> str:
    """Why nothing can be run again from a step of this run, as a sentence; "" when it can."""
    if run.open:
        return "The run has not ended. Cancel it first."
    if not task.open:
        return f"The task is {task.state}. Reopen it first."
    if task.agent_id != run.agent_id:
        return "The task has another assignee now. Start it from the beginning, or assign it back."
    other = (
        "SELECT id FROM runs WHERE task_id = :task AND id <> :id AND state IN ('ready', 'running', 'waiting', 'parked')"
    )
    return "This task has an open run already." if db.one(other, {"task": task.id, "id": run.id}) else ""


def fork(db: Database, actor: Actor, run_id: str, from_key: str = "") -> Run:
    """Queue a run that has the steps before `from_key`, or all, from an ended or parked run; a parked one is ended.

    Effects of the steps taken over are not repeated and cost nothing again; all others are done anew. It works by the
    same revision of the agent; from the first step on it is a new start by the newest one. Raises Problem(conflict)
    while the task has another open run or has ended, Problem(not_found) for an unknown step.
    """
    actor.need("operator")
    with db.transaction():
        run = runs.get(db, run_id)
        task = tasks.get(db, run.task_id)
        if why_not := refusal(db, run, task):
            raise Problem("conflict", why_not)
        if run.state == "succeeded" and not from_key:
            raise Problem("conflict", "The run came to its end. Say from which step to run it again.")
        taken = plan(steps.of_run(db, run.id), from_key)
        if run.state == "parked":
            runs.stop_now(db, actor, run, FORKED)
        about = {"task_id": task.id, "agent_id": run.agent_id}
        event = events.record(db, actor, "run.forked", **about, run_id=run.id, key=from_key)
        new_id = runs.enqueue(db, actor, task, cause_event=event, retry_of=run.id, cause="retried", lane=INTERACTIVE)
        _take_over(db, run, new_id, from_key, taken)
    return runs.get(db, new_id)


def of_run(db: Database, run_id: str) -> list[Run]:
    """The runs that went on from it, oldest first."""
    sql = f"{runs.SELECT}WHERE r.fork_of = :id OR r.retry_of = :id ORDER BY r.attempt"
    return [records.to(Run, row) for row in db.rows(sql, {"id": run_id})]


def _open_ended(step: Step) -> bool:
    """Where a run that goes on after its last step begins: at what has no outcome, or at its own end."""
    return step.state != "done" or (step.name == FINISH and step.result.get("ok", False))


def _take_over(db: Database, run: Run, new_id: str, from_key: str, taken: Plan) -> None:
    values = {"fork_of": run.id, "fork_key": from_key, "chain": run.chain, "depth": run.depth, "cause": "forked"}
    if taken.kept:
        values["agent_revision"] = run.agent_revision
    db.update("runs", {"id": new_id}, **values)
    last = max((step.last_message or 0 for step in taken.kept), default=0)
    params = {"new": new_id, "old": run.id, "ord": len(taken.kept) and taken.kept[-1].ord, "last": last}
    db.execute(_STEPS, params)
    db.execute(_MESSAGES, params)
