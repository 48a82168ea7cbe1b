"""What waits for a task: let go when it is done, held, let go or cancelled with it when it is cancelled."""

from appliance.db.database import Database
from appliance.domain import events, tasks, wakes
from appliance.domain.actor import Actor


def release(db: Database, actor: Actor, task_id: str) -> None:
    """Wake the tasks that waited for this one and for nothing else. In a transaction."""
    for row in db.rows("SELECT task_id FROM task_blockers WHERE blocker_id = :id ORDER BY task_id", {"id": task_id}):
        look(db, actor, row["task_id"])


def look(db: Database, actor: Actor, task_id: str) -> None:
    """Wake a task that has waited for others and waits for nothing now. In a transaction.

    One that was never started is meant to start by itself only when somebody gave it to an agent, ready to do.
    """
    waiting = tasks.get(db, task_id)
    ready = waiting.state == "todo" and waiting.agent_id and not waiting.run_id
    if not ready or tasks.open_blockers(db, waiting.id):
        return
    event = events.record(db, actor, "task.unblocked", task_id=waiting.id, agent_id=waiting.agent_id)
    wakes.wake(db, actor, waiting, "unblocked", event)


def cancelled_with(db: Database, task_id: str) -> list[str]:
    """The open tasks that are cancelled when this one is: by the edge to it, or as its sub-tasks."""
    sql = """SELECT t.id FROM tasks t WHERE t.state NOT IN ('done', 'cancelled') AND (
        (t.parent_id = :id AND t.on_parent_close = 'cancel')
        OR t.id IN (SELECT task_id FROM task_blockers WHERE blocker_id = :id AND on_cancel = 'cancel'))
      ORDER BY t.number"""
    return [row["id"] for row in db.rows(sql, {"id": task_id})]
