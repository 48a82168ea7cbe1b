"""What may happen to a task, one verb each; every surface and the engine call these."""

from collections.abc import Callable
from typing import Any

from appliance import clock
from appliance.db.database import Database
from appliance.domain import agents, approvals, checks, dependents, events, families, queueing, runs, tasks, wakes
from appliance.domain.actor import Actor
from appliance.domain.instances import landing
from appliance.domain.runs import Run
from appliance.domain.tasks import Task
from appliance.errors import Problem, invalid

MOVES = ("backlog", "todo", "in_progress", "in_review", "done", "cancelled")


def start(db: Database, actor: Actor, ref: str, cause: str = "started") -> Task:
    """Queue a run. Raises Problem(conflict) while one is open, or while blockers are."""
    actor.need("operator")
    with db.transaction():
        task = tasks.get(db, ref)
        landing.refuse_root(db, task.id)
        if not task.open:
            raise Problem("conflict", f"The task is {task.state}. Reopen it first.")
        if blocked := _blocked(db, task):
            raise blocked
        if queueing.is_open(db, task.id):
            raise Problem("conflict", "This task has an open run already.")
        event = events.record(db, actor, "task.started", task_id=task.id, agent_id=task.agent_id)
        wakes.wake(db, actor, task, cause, event, lane=wakes.INTERACTIVE)
    return tasks.get(db, task.id)


def retry(db: Database, actor: Actor, ref: str) -> Task:
    """Another run after one that failed or ended incomplete; its cost adds to the task's."""
    actor.need("operator")
    with db.transaction():
        task = tasks.get(db, ref)
        last = runs.of_task(db, task.id)
        if not last or last[0].open:
            raise Problem("conflict", "There is no ended run to try again.")
        if not task.open:
            raise Problem("conflict", f"The task is {task.state}. Reopen it first.")
        if (last[0].state, last[0].reason) == ("parked", "in_doubt"):
            raise Problem("conflict", "A step may have happened already. Decide that first.")
        if last[0].state == "parked":
            runs.request_cancel(db, actor, last[0].id)
        if blocked := _blocked(db, task):
            raise blocked
        event = events.record(db, actor, "task.retried", task_id=task.id, agent_id=task.agent_id)
        wakes.wake(db, actor, task, "retried", event, lane=wakes.INTERACTIVE)
    return tasks.get(db, task.id)


def cancel(db: Database, actor: Actor, ref: str) -> Task:
    """End the task, its open run, and the whole tree below it as far as `on_parent_close` says; what was made stays.

    All in one transaction. Cancelling twice changes nothing.
    """
    actor.need("operator")
    with db.transaction():
        task = tasks.get(db, ref)
        if task.state == "cancelled":
            return task
        if task.state == "done":
            raise Problem("conflict", "The task is done. Reopen it to change that.")
        if task.run_id:
            runs.request_cancel(db, actor, task.run_id)
        approvals.withdraw_of_task(db, task.id)
        put(db, actor, task, "cancelled", finished_at=clock.iso(), blocked_reason="", blocked_detail="")
        for below in dependents.cancelled_with(db, task.id):
            cancel(db, actor, below)
        _told(db, actor, task, "cancelled")
    return tasks.get(db, task.id)


def reopen(db: Database, actor: Actor, ref: str) -> Task:
    """Back to do, as another cycle: checks are judged anew, earlier runs and costs stay."""
    actor.need("operator")
    with db.transaction():
        task = tasks.get(db, ref)
        landing.refuse_root(db, task.id)
        if task.open:
            raise Problem("conflict", f"The task is {task.state.replace('_', ' ')}, not ended.")
        checks.reset(db, task.id)
        # An agent that was removed meanwhile can't be given work again.
        agent_id = task.agent_id if task.agent_id and agents.works_here(db, task.agent_id) else None
        put(db, actor, task, "todo", finished_at=None, cycle=task.cycle + 1, agent_id=agent_id)
    return tasks.get(db, task.id)


def approve(db: Database, actor: Actor, ref: str, note: str = "") -> Task:
    """A person accepts the result: the human checks pass, and the task is done if nothing else is open."""
    actor.need("operator")
    if actor.kind == "agent":
        raise Problem("forbidden", "An agent can't accept a result; a person does.")
    with db.transaction():
        task = tasks.get(db, ref)
        if task.state != "in_review":
            raise Problem(
                "conflict", f"The task is {task.state.replace('_', ' ')}; only work in review can be accepted."
            )
        human = {c.id: "" for c in checks.of_task(db, task.id) if c.kind == "human_ack"}
        checks.keep(db, human, actor.label)
        finish(db, actor, task, note=note)
    return tasks.get(db, task.id)


def finish(db: Database, actor: Actor, task: Task, **data: Any) -> None:
    """Done, if every guard holds. Raises Problem(checks_open) or Problem(conflict) naming what is missing."""
    if missing := _missing(db, task):
        raise missing
    put(db, actor, task, "done", finished_at=clock.iso(), blocked_reason="", blocked_detail="", **data)
    _told(db, actor, task, "done")


def move(db: Database, actor: Actor, ref: str, state: str) -> Task:
    """What dragging a card means: each column stands for the verb that leads there."""
    actor.need("operator")
    if state not in MOVES:
        raise invalid(state=f"a task can be moved to {', '.join(MOVES)}")
    with db.transaction():
        _move(db, actor, tasks.get(db, ref), state)
    return tasks.get(db, ref)


def cancel_run(db: Database, actor: Actor, run_id: str) -> Run:
    """End one run and keep the task: it goes back to do. A run that has ended stays as it is."""
    actor.need("operator")
    with db.transaction():
        before = runs.get(db, run_id)
        task = tasks.get(db, before.task_id)
        run = runs.request_cancel(db, actor, run_id)
        if (before.open or before.state == "parked") and task.state in ("in_progress", "blocked"):
            put(db, actor, task, "todo", blocked_reason="", blocked_detail="")
    return run


def verbs(task: Task) -> list[str]:
    """What a person can do with the task now, the most likely first."""
    if not task.open:
        return ["reopen"]
    found = ["approve"] if task.state == "in_review" else []
    # What may have happened already is decided on its card, not repeated in passing.
    in_doubt = task.run_state == "parked" and task.run_reason == "in_doubt"
    if task.agent_id and task.run_state not in runs.OPEN and not in_doubt:
        found.append("retry" if task.run_state else "start")
    return [*found, "cancel"]


def moves(task: Task) -> list[str]:
    """The columns a card can be moved to."""
    return [s for s in MOVES if s != task.state and (s != "in_progress" or task.agent_id or task.member_id)]


def _move(db: Database, actor: Actor, task: Task, state: str) -> None:
    reopened = state not in ("cancelled", task.state) and not task.open
    if reopened:
        task = reopen(db, actor, task.id)
    if state == task.state:
        return
    if state != "cancelled":
        landing.refuse_root(db, task.id)
    if reopened and state == "in_progress" and task.agent_id:
        start(db, actor, task.id, "reopened")
        return
    if verb := _verb(task, state):
        verb(db, actor, task.id)
        return
    if task.run_id:
        # Moving a running task by hand takes it away from its agent.
        runs.request_cancel(db, actor, task.run_id, runs.RECLAIMED)
    if state == "done":
        finish(db, actor, task)
    else:
        put(db, actor, task, state, blocked_reason="", blocked_detail="")


def _verb(task: Task, state: str) -> Callable[[Database, Actor, str], Task] | None:
    if state == "cancelled":
        return cancel
    if state == "in_progress" and task.agent_id:
        return start
    return approve if (task.state, state) == ("in_review", "done") else None


def put(db: Database, actor: Actor, task: Task, state: str, note: str = "", **values: Any) -> None:
    """Write a state that a verb has found allowed, with its event. In a transaction."""
    db.update("tasks", {"id": task.id}, state=state, updated_at=clock.iso(), **values)
    data = {"note": note} if note else {}
    events.record(db, actor, f"task.{state}", task_id=task.id, agent_id=task.agent_id, run_id=task.run_id, **data)


def _missing(db: Database, task: Task) -> Problem | None:
    """What keeps the task from being done."""
    if unpassed := [c for c in checks.of_task(db, task.id) if c.state not in ("pass", "waived")]:
        return Problem("checks_open", "Not done yet: " + "; ".join(c.sentence for c in unpassed) + ".")
    if blocked := _blocked(db, task):
        return blocked
    left, first = tasks.open_children(db, task.id)
    if first:
        return Problem("conflict", f"{left} sub-tasks are open, first #{first.number} {first.title}.")
    asked = "SELECT title FROM approvals WHERE task_id = :id AND state = 'pending' LIMIT 1"
    if title := db.value(asked, {"id": task.id}):
        return Problem("conflict", f"A decision is open: {title}.")
    return None


def _blocked(db: Database, task: Task) -> Problem | None:
    if blockers := tasks.open_blockers(db, task.id):
        return Problem("conflict", f"Blocked by #{blockers[0].number} {blockers[0].title}.")
    return None


def _told(db: Database, actor: Actor, task: Task, state: str) -> None:
    """Whoever waits for the task hears that it has ended."""
    dependents.release(db, actor, task.id)
    families.ended(db, actor, task.id, state)
    landing.task(db, actor, task.id)
