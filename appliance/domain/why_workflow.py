"""Why a task that carries out a workflow stands where it stands."""

from appliance.db.database import Database
from appliance.domain import approvals
from appliance.domain.instances import rows
from appliance.domain.instances.rows import Instance
from appliance.domain.tasks import Task
from appliance.domain.why_shape import Why, until

SHOWN = 3


def why(db: Database, task: Task) -> Why | None:
    """None for a task of no workflow, and for one whose workflow has ended well."""
    found = rows.of_task(db, task.id) if task.agent_id is None and not task.member_id else None
    if found is None or not task.open:
        return None
    number = str(task.number)
    if found.state == "failed" and task.state == "blocked":
        where = found.failed_path or "its beginning"
        return Why("workflow_failed", task.blocked_detail, f"Look, and run again from {where}", "workflow", number)
    if not found.open:
        return None
    if asked := approvals.of_task(db, task.id, "pending"):
        sentence = f"{_intro(found)} waits for a decision: {asked[-1].title}"
        return Why("approval", sentence, "Decide", "decide", asked[-1].id)
    sentence = f"{_intro(found)}{_where(db, found)}"
    return Why("workflow", sentence, "See the workflow", "workflow", number)


def _intro(found: Instance) -> str:
    return f"It carries out the workflow {found.name}, which"


def _where(db: Database, found: Instance) -> str:
    if found.state == "paused":
        return " is paused."
    sql = """SELECT path, state, wake_at FROM nodes WHERE instance_id = :id AND finished_at IS NULL
      AND kind NOT IN ('map', 'when', 'item') ORDER BY ord LIMIT :most"""
    open_ = db.rows(sql, {"id": found.id, "most": SHOWN + 1})
    if not open_:
        return " is about to go on."
    doing = "undoes what was done" if found.state == "undoing" else "is"
    if len(open_) == 1 and open_[0]["state"] == "waiting":
        return f" {doing} at the step {open_[0]['path']}, which waits{until(open_[0]['wake_at'] or '9')}."
    more = ", …" if len(open_) > SHOWN else ""
    steps = ", ".join(row["path"] for row in open_[:SHOWN])
    return f" {doing} at the step{'s' if len(open_) > 1 else ''} {steps}{more}."
