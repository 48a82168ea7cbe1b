"""Blockers: the graph of what must be done first. It has no cycles."""

from appliance.db.database import Database
from appliance.domain import events, tasks
from appliance.domain.actor import Actor
from appliance.domain.tasks import Task
from appliance.errors import invalid

ON_CANCEL = ("hold", "release")


def put(db: Database, actor: Actor, ref: str, blocker: str, on_cancel: str = "hold") -> None:
    """`ref` waits for `blocker`. Raises Problem(invalid) when that would make a circle."""
    actor.need("operator")
    if on_cancel not in ON_CANCEL:
        raise invalid(on_cancel=f"use one of {', '.join(ON_CANCEL)}")
    with db.transaction():
        waiting, first = tasks.get(db, ref), tasks.get(db, blocker)
        if waiting.id in _ahead_of(db, first.id):
            raise invalid(blocker=f"#{first.number} waits for #{waiting.number} already")
        edge = {"task_id": waiting.id, "blocker_id": first.id, "on_cancel": on_cancel}
        db.upsert("task_blockers", edge, ("task_id", "blocker_id"))
        events.record(db, actor, "task.changed", task_id=waiting.id, fields=["blockers"])


def remove(db: Database, actor: Actor, ref: str, blocker: str) -> None:
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


def _ahead_of(db: Database, task_id: str) -> set[str]:
    """The task and everything it waits for, directly or not."""
    sql = """
    WITH RECURSIVE ahead (id) AS (
      SELECT CAST(:id AS TEXT) UNION SELECT e.blocker_id FROM task_blockers e JOIN ahead ON e.task_id = ahead.id)
    SELECT id FROM ahead"""
    return {row["id"] for row in db.rows(sql, {"id": task_id})}
