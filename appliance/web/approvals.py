"""Approvals: the page of one, and deciding it; the API is in approvals_api.py."""

from typing import Any

from litestar import Controller, get, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import approvals, decision_rights, responsibility
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval
from appliance.errors import Problem, not_found
from appliance.web import approval_shape, respond
from appliance.web.approvals_api import ApprovalsApi, Decision, decided
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply

Id = FromPath[str]
SAID = {
    "approve": "Approved.",
    "answer": "Answered.",
    "reject": "Rejected.",
    "request-changes": "Sent back for changes.",
}
# Whether the person may decide depends on what is asked: the domain judges and says why not.
ANYBODY = {"role": "viewer"}


class ApprovalsPages(Controller):
    path = "/approvals/{approval_id:str}"

    @get("/", sync_to_thread=True)
    def show(self, frame: Frame, db: Database, control: Database, actor: Actor, approval_id: Id) -> Reply:
        return _page(frame, db, control, actor, approvals.get(db, approval_id))

    @post("/take", sync_to_thread=True, opt=ANYBODY)
    def take(self, frame: Frame, db: Database, actor: Actor, approval_id: Id, data: Fields) -> Reply:
        before = approvals.get(db, approval_id)
        where = approval_shape.back(db, frame, before, data.get("back", ""))
        try:
            responsibility.take(db, actor, approval_id)
        except Problem as problem:
            return respond.redirect(where, problem.detail, "bad")
        return respond.redirect(where, "It is yours now.")

    @post("/{verb:str}", sync_to_thread=True, opt=ANYBODY)
    def decide(
        self, frame: Frame, db: Database, control: Database, actor: Actor, approval_id: Id, verb: Id, data: Fields
    ) -> Reply:
        before = approvals.get(db, approval_id)
        if verb not in SAID:
            raise not_found("action")
        try:
            decided(db, actor, approval_id, verb, _chosen(before, data))
        except Problem as problem:
            if problem.code == "invalid":
                return _page(frame, db, control, actor, before, data, problem)
            return respond.redirect(f"{frame.base}/approvals/{approval_id}", problem.detail, "bad")
        said = SAID[verb] if before.state == "pending" else decision_rights.closed(before)
        return respond.redirect(approval_shape.back(db, frame, before, data.get("back", "")), said)


def _chosen(found: Approval, data: dict[str, str]) -> Decision:
    """Each option of a checklist is a field of its own; the steps of a plan are lines of one."""
    ticked = [option.value for option in found.options if f"tick.{option.value}" in data]
    items = data["items"].splitlines() if "items" in data else None
    given: dict[str, Any] = {name: data.get(name, "") for name in ("note", "option", "amount_usd", "confirm")}
    return Decision(**given, options=ticked or None, items=items)


def _page(
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


PAGES = [ApprovalsPages]
API = [ApprovalsApi]
