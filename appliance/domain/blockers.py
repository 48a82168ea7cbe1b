"""Blockers: the graph of what must be done first. It has no cycles, not even through parents and sub-tasks."""

from appliance.db.database import Database
from appliance.domain import dependents, events, graph, tasks
from appliance.domain.actor import Actor
from appliance.domain.graph import ON_CANCEL
from appliance.domain.tasks import Task
from appliance.errors import invalid


def put(db: Database, actor: Actor, ref: str, blocker: str, on_cancel: str = "hold") -> None:
    """`ref` waits for `blocker`; when that is cancelled it holds on, is let go, or is cancelled too.

    Raises Problem(invalid) when that would make a circle.
    """
    actor.need("operator")
    if on_cancel not in ON_CANCEL:
        raise invalid(on_cancel=f"use one of {', '.join(ON_CANCEL)}")
    with db.transaction():
        waiting, first = tasks.get(db, ref), tasks.get(db, blocker)
        if waiting.id in graph.ahead_of(db, first.id):
            raise invalid(blocker=f"#{first.number} waits for #{waiting.number} already")
        edge = {"task_id": waiting.id, "blocker_id": first.id, "on_cancel": on_cancel}
        db.upsert("task_blockers", edge, ("task_id", "blocker_id"))
        events.record(db, actor, "task.changed", task_id=waiting.id, fields=["blockers"])
        if first.state == "cancelled" and on_cancel == "release":
            dependents.look(db, actor, waiting.id)


def remove(db: Database, actor: Actor, ref: str, blocker: str) -> None:
    """`ref` waits for it no longer; whoever says so also says when it starts."""
    actor.need("operator")
    with db.transaction():
        waiting, first = tasks.get(db, ref), tasks.get(db, blocker)
        db.delete("task_blockers", task_id=waiting.id, blocker_id=first.id)
        events.record(db, actor, "task.changed", task_id=waiting.id, fields=["blockers"])


def before(db: Database, task_id: str) -> list[Task]:
    """What the task waits for, done or not."""
    where = "JOIN task_blockers e ON e.blocker_id = t.id WHERE e.task_id = :id ORDER BY t.number"
    return [tasks.task(row) for row in db.rows(tasks.SELECT + where, {"id": task_id})]


def after(db: Database, task_id: str) -> list[Task]:
    """What waits for the task."""
    where = "JOIN task_blockers e ON e.task_id = t.id WHERE e.blocker_id = :id ORDER BY t.number"
    return [tasks.task(row) for row in db.rows(tasks.SELECT + where, {"id": task_id})]
