"""What a schedule starts: a task or an instance of a workflow. The one place that knows both."""

from typing import NamedTuple

from appliance.db.database import Database
from appliance.domain import agents, budgets, check_forms, lifecycle, runs, task_forms, tasks
from appliance.domain.actor import Actor
from appliance.domain.instances import making, starting
from appliance.domain.instances import rows as instance_rows
from appliance.domain.instances import verbs as instance_verbs
from appliance.domain.runs import Run
from appliance.domain.schedules.forms import StartTask, StartWorkflow, Target, check_target
from appliance.domain.schedules.rows import Schedule, Tick
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem, invalid

_AT_WORK = """
WITH RECURSIVE below (id) AS (SELECT CAST(:id AS TEXT)
  UNION SELECT t.id FROM tasks t JOIN below b ON t.parent_id = b.id WHERE t.on_parent_close = 'cancel')
SELECT r.id FROM runs r JOIN tasks t ON t.id = r.task_id JOIN below b ON b.id = t.id
WHERE r.state = 'running' ORDER BY r.id
"""


class Started(NamedTuple):
    task_id: str
    instance_id: str | None = None


def check(db: Database, target: Target) -> None:
    """Raises Problem(invalid) with the fields at fault: what could not be started now need not be scheduled."""
    check_target(target)
    if target.task:
        _check_task(db, target.task)
    if target.workflow:
        _check_workflow(db, target.workflow)


def start(db: Database, found: Schedule, due_at: str, kind: str) -> Started:
    """Start it in the open transaction, once for each time. Raises what the verb raises that starts it."""
    if found.target.workflow:
        return _workflow(db, found, found.target.workflow, due_at, kind)
    assert found.target.task
    return Started(tasks.create(db, found.actor, draft(found.target.task)).id)


def stop(db: Database, actor: Actor, tick: Tick) -> None:
    """Ask what a tick started to stop; it has ended once nobody works on it any more. In a transaction."""
    if tick.instance_id:
        if instance_rows.by_id(db, tick.instance_id).open:
            instance_verbs.cancel(db, actor, tick.instance_id)
    elif tick.task_id and tasks.get(db, tick.task_id).open:
        lifecycle.cancel(db, actor, tick.task_id)


def end(db: Database, actor: Actor, tick: Tick) -> None:
    """End what a tick started at once: whoever still works on it loses its fence. In a transaction."""
    stop(db, actor, tick)
    for run in at_work(db, tick.task_id or ""):
        runs.stop_now(db, actor, run)


def at_work(db: Database, task_id: str) -> list[Run]:
    """The runs of a task, and of what is below it, that somebody works on."""
    return [runs.get(db, row["id"]) for row in db.rows(_AT_WORK, {"id": task_id})]


def _workflow(db: Database, found: Schedule, wanted: StartWorkflow, due_at: str, kind: str) -> Started:
    idem = f"sched:{found.id}:{due_at}" + ("" if kind == "calendar" else f":{kind}")
    inputs, version = wanted.inputs, wanted.version
    made = starting.start(db, found.actor, wanted.slug, inputs, version=version, idem=idem, cause="schedule")
    return Started(made.task_id, made.id)


def draft(task: StartTask) -> NewTask:
    """What a time of the schedule makes."""
    return NewTask(
        task.title,
        task.body,
        task.assignee,
        task.priority,
        checks=task.checks,
        labels=task.labels,
        budget_usd=task.budget_usd,
        time_limit_s=task.time_limit_s,
    )


def _check_workflow(db: Database, wanted: StartWorkflow) -> None:
    try:
        found = making.find(db, wanted.slug, wanted.version)
    except Problem as problem:
        raise invalid(workflow=problem.detail) from None
    making.inputs(found.outline.definition, wanted.inputs)


def _check_task(db: Database, task: StartTask) -> None:
    task_forms.check_new(draft(task))
    for number, one in enumerate(task.checks, 1):
        check_forms.validate(number, one)
    task_forms.clean_labels(task.labels)
    if task.budget_usd is not None:
        budgets.nano(task.budget_usd, "budget_usd")
    if task.assignee and not task.assignee.startswith("member:"):
        try:
            agents.find(db, task.assignee)
        except Problem:
            raise invalid(assignee=f"there is no agent '{task.assignee}'") from None
