"""Comments on a task, by people and agents."""

import msgspec

from appliance import clock, ids
from appliance.db.database import Database
from appliance.domain import events, quotas, records, tasks, wakes
from appliance.domain.actor import Actor
from appliance.errors import invalid

LIMIT = 20_000


class Comment(msgspec.Struct, frozen=True):
    id: str
    task_id: str
    author_kind: str
    author_id: str
    author_name: str
    body: str
    created_at: str


class NewComment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    body: str


def add(db: Database, actor: Actor, task_id: str, body: str) -> Comment:
    """A person's comment wakes the task's agent, or reaches the run that is open at its next turn.

    Raises Problem(invalid) for an empty or over-long text, Problem(quota).
    """
    if not body.strip() or len(body) > LIMIT:
        raise invalid(body=f"write between 1 and {LIMIT:,} characters")
    comment = Comment(ids.new(), task_id, actor.kind, actor.id, actor.name, body.strip(), clock.iso())
    with db.transaction():
        quotas.room(db)
        db.insert("comments", msgspec.structs.asdict(comment))
        agent_id = actor.id if actor.kind == "agent" else None
        event = events.record(db, actor, "comment.added", task_id=task_id, agent_id=agent_id)
        task = tasks.get(db, task_id)
        if task.agent_id:
            wakes.wake(db, actor, task, "commented", event, about=comment.id)
    return comment


def of_task(db: Database, task_id: str) -> list[Comment]:
    """Oldest first."""
    rows = db.rows("SELECT * FROM comments WHERE task_id = :id ORDER BY created_at, id", {"id": task_id})
    return [records.to(Comment, row) for row in rows]
