"""What really holds a task that waits for another: the last one of the line, which waits for nothing but itself."""

from appliance.db.database import Database
from appliance.domain import tasks
from appliance.domain.tasks import Task
from appliance.domain.why_shape import Why


def why(db: Database, task: Task) -> Why | None:
    """None when nothing is before it."""
    if not (before := tasks.open_blockers(db, task.id)):
        return None
    first, last = before[0], _leaf(db, before[0])
    more = f" and {len(before) - 1} more" if len(before) > 1 else ""
    sentence = f"It waits for #{first.number} {first.title}{more}."
    if last.id != first.id:
        sentence += f" That waits for #{last.number} {last.title}."
    if last.state == "cancelled":
        sentence += f" #{last.number} was cancelled and is still waited for; reopen it, or stop waiting for it."
    return Why("blocked_by", sentence, f"Open #{last.number}", "open", str(last.number))


def _leaf(db: Database, task: Task) -> Task:
    """Down the blockers, and the sub-tasks of what is only waiting for those; there are no circles."""
    below = tasks.open_blockers(db, task.id)
    if not below and task.state == "in_review":
        below = [child for child in [tasks.open_children(db, task.id)[1]] if child]
    return _leaf(db, below[0]) if below else task
