"""Following a task from the command line: its steps as they are recorded, until it has ended."""

import time
from collections.abc import Callable

import click

from appliance.cli.desk import CLI, Desk, Room
from appliance.cli.show import Shown, ago, clip, money, words
from appliance.cli.taskview import view
from appliance.db.database import Database
from appliance.domain import runs, steps, tasks
from appliance.domain.actor import Actor
from appliance.domain.steps import Step
from appliance.domain.tasks import Task
from appliance.errors import Problem

POLL_SECONDS = 0.2
STATES = {"waiting": "waits", "intent": "begun?", "confirmed": "happened", "again": "again"}
STILL = ("backlog", "todo", "in_progress")
Start = Callable[[Database, Actor, str], Task]


def after(desk: Desk, tenant: str | None, ref: str, wait: bool, start: Start) -> Shown:
    """Start a task's next run, and follow it when asked to."""
    if wait:
        need_server(desk)
    with desk.room(tenant) as room:
        task = start(room.db, CLI, ref)
        return to_its_end(desk, room, task) if wait else Shown(view(task), told(desk, task))


def need_server(desk: Desk) -> None:
    """Raises Problem(unavailable) before anything is written, when nothing would come to wait for."""
    if idle(desk):
        raise Problem("unavailable", f"No server works on {desk.folder}. Start one first: agenthq serve")


def told(desk: Desk, task: Task) -> str:
    text = f"#{task.number} {task.title}: {words(task.state)}."
    if task.run_id and idle(desk):
        return f"{text} No server works on {desk.folder}; it starts with: agenthq serve"
    return text


def to_its_end(desk: Desk, room: Room, task: Task) -> Shown:
    """Print steps until nobody works on the task any more. Raises Problem(conflict) when it is blocked or cancelled."""
    seen: set[tuple[str, str]] = set()
    said = ""
    while True:
        task = tasks.get(room.db, task.id)
        for step in _new_steps(room.db, task, seen):
            _say(desk, line(step))
        if task.state not in STILL or not task.run_id:
            break
        if (waiting := _waiting(room.db, task)) != said:
            said = waiting
            _say(desk, said)
        if idle(desk):
            raise Problem("unavailable", f"The server has stopped; #{task.number} goes on when it starts again.")
        time.sleep(POLL_SECONDS)
    ending = f"#{task.number} is {words(task.state)}. It cost {money(task.cost_nano)}."
    if task.state in ("done", "in_review"):
        return Shown(view(task), f"{ending}\n\n{task.result}" if task.result else ending)
    raise Problem("conflict", f"{ending} {task.blocked_detail}".strip())


def line(step: Step) -> str:
    """One step on one line: its key, what it cost, how it went, what came of it."""
    said = step.result if isinstance(step.result, dict) else {}
    told = f"calls {', '.join(said['tools'])}" if said.get("tools") else said.get("preview", "")
    state = "" if step.state == "done" and said.get("ok", True) else STATES.get(step.state, "failed")
    cost = money(step.cost_nano) if step.cost_nano else ""
    return f"{step.ord:>4}  {step.kind:<5}  {step.key:<18}  {cost:>8}  {state:<6}  {clip(told, 80)}".rstrip()


def _new_steps(db: Database, task: Task, seen: set[tuple[str, str]]) -> list[Step]:
    """Steps that have ended since the last look."""
    found = steps.of_run(db, task.run_id) if task.run_id else []
    new = [step for step in found if step.finished_at and (step.run_id, step.key) not in seen]
    seen |= {(step.run_id, step.key) for step in new}
    return new


def _waiting(db: Database, task: Task) -> str:
    run = runs.get(db, task.run_id) if task.run_id else None
    if run is None or run.state != "waiting":
        return ""
    return f"     waiting for {words(run.reason)}: {run.failure_detail} (again {ago(run.ready_at)})"


def idle(desk: Desk) -> bool:
    return not desk.settings.database_url and desk.server() is None


def _say(desk: Desk, text: str) -> None:
    if text and not desk.as_json:
        click.echo(text)
