"""The page of an approval, and what its form says."""

from typing import Any

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval
from appliance.errors import Problem
from appliance.web import approval_shape, respond
from appliance.web.approvals_api import Decision
from appliance.web.frame import Frame
from appliance.web.respond import Reply


def page(
    frame: Frame,
    db: Database,
    control: Database,
    actor: Actor,
    found: Approval,
    given: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Reply:
    card = approval_shape.card(db, frame, actor, found, approval_shape.people(control, frame.tenant.id))
    status = respond.form_status(problem) if problem else 200
    errors = respond.faults(problem) if problem else {}
    return respond.page(frame, "approvals/show.html", status, card=card, back="", given=given or {}, errors=errors)


def chosen(found: Approval, data: dict[str, str]) -> Decision:
    """Each option of a checklist is a field of its own; the steps of a plan are lines of one."""
    ticked = [option.value for option in found.options if f"tick.{option.value}" in data]
    items = data["items"].splitlines() if "items" in data else None
    given: dict[str, Any] = {name: data.get(name, "") for name in ("note", "option", "amount_usd", "confirm")}
    return Decision(**given, options=ticked or None, items=items)
