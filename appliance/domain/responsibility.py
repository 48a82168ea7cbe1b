"""Whose decision it is. Anybody with the role may still decide: being responsible means to be asked and reminded."""

from appliance.db.database import Database
from appliance.domain import approval_rows
from appliance.domain.actor import Actor
from appliance.domain.approval_rows import Approval
from appliance.domain.approval_uses import tell
from appliance.domain.decision_rights import closed, refusal
from appliance.errors import Problem


def take(db: Database, actor: Actor, approval_id: str) -> Approval:
    """Make it the actor's own. Raises Problem(conflict) once it is decided, Problem(forbidden) for who may not decide
    it."""
    return assign(db, actor, approval_id, actor.label)


def assign(db: Database, actor: Actor, approval_id: str, label: str | None) -> Approval:
    """Give it to somebody by label, or with None to nobody."""
    with db.transaction():
        found = approval_rows.get(db, approval_id)
        if over := closed(found):
            raise Problem("conflict", over)
        if why_not := refusal(actor, found):
            raise Problem("forbidden", why_not)
        if found.assigned_to != label:
            db.update("approvals", {"id": found.id}, assigned_to=label, passed_from=None)
            about = {"task_id": found.task_id, "run_id": found.run_id, "agent_id": found.agent_id}
            tell(db, actor, "assigned", about | {"id": found.id}, assigned_to=label)
    return approval_rows.get(db, approval_id)
