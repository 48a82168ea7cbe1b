"""Approvals: the page of one, deciding it, and the API."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance.db.database import Database
from appliance.domain import approvals, decisions
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval
from appliance.errors import Problem, not_found
from appliance.web import approval_shape, respond
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply

Id = FromPath[str]
# The framework keeps the name `state` for itself.
State = Annotated[str, QueryParameter(name="state")]
SAID = {
    "approve": "Approved.",
    "answer": "Answered.",
    "reject": "Rejected.",
    "request-changes": "Sent back for changes.",
}
# Whether the person may decide depends on what is asked: the domain judges and says why not.
ANYBODY = {"role": "viewer"}


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`option` is the value of a choice that is offered; `amount_usd` goes with one that asks for it."""

    note: str = ""
    option: str = ""
    amount_usd: str = ""


class ApprovalsPages(Controller):
    path = "/approvals/{approval_id:str}"

    @get("/", sync_to_thread=True)
    def show(self, frame: Frame, db: Database, control: Database, actor: Actor, approval_id: Id) -> Reply:
        return _page(frame, db, control, actor, approvals.get(db, approval_id))

    @post("/{verb:str}", sync_to_thread=True, opt=ANYBODY)
    def decide(
        self, frame: Frame, db: Database, control: Database, actor: Actor, approval_id: Id, verb: Id, data: Fields
    ) -> Reply:
        before = approvals.get(db, approval_id)
        if verb not in SAID:
            raise not_found("action")
        chosen = Decision(data.get("note", ""), data.get("option", ""), data.get("amount_usd", ""))
        try:
            _decide(db, actor, approval_id, verb, chosen)
        except Problem as problem:
            if problem.code == "invalid":
                return _page(frame, db, control, actor, before, data, problem)
            return respond.redirect(f"{frame.base}/approvals/{approval_id}", problem.detail, "bad")
        said = SAID[verb] if before.state == "pending" else decisions.closed(before)
        return respond.redirect(approval_shape.back(db, frame, before, data.get("back", "")), said)


class ApprovalsApi(Controller):
    path = "/approvals"
    tags = ["approvals"]

    @get("/", sync_to_thread=True, summary="Approvals, newest first; pending ones unless told otherwise")
    def listing(
        self,
        db: Database,
        in_state: State = "pending",
        kind: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
    ) -> dict[str, Any]:
        found = approvals.listing(db, in_state, kind, respond.limit(limit), cursor)
        return {"items": [approval_shape.as_json(one) for one in found.items], "next_cursor": found.next_cursor}

    @get("/{approval_id:str}", sync_to_thread=True, summary="One approval, with exactly what would be done")
    def one(self, db: Database, approval_id: Id) -> dict[str, Any]:
        return approval_shape.as_json(approvals.get(db, approval_id))

    @post("/{approval_id:str}/approve", status_code=200, sync_to_thread=True, summary="Agree to exactly this, once")
    def approve(self, db: Database, actor: Actor, approval_id: Id, data: Decision) -> dict[str, Any]:
        return approval_shape.as_json(_decide(db, actor, approval_id, "approve", data))

    @post(
        "/{approval_id:str}/reject", status_code=200, sync_to_thread=True, summary="Refuse it; the run reads the note"
    )
    def reject(self, db: Database, actor: Actor, approval_id: Id, data: Decision) -> dict[str, Any]:
        return approval_shape.as_json(_decide(db, actor, approval_id, "reject", data))

    @post(
        "/{approval_id:str}/request-changes",
        status_code=200,
        sync_to_thread=True,
        summary="Send it back; the note says what should change",
    )
    def request_changes(self, db: Database, actor: Actor, approval_id: Id, data: Decision) -> dict[str, Any]:
        return approval_shape.as_json(_decide(db, actor, approval_id, "request-changes", data))

    @post("/{approval_id:str}/answer", status_code=200, sync_to_thread=True, summary="Answer a question")
    def answer(self, db: Database, actor: Actor, approval_id: Id, data: Decision) -> dict[str, Any]:
        return approval_shape.as_json(_decide(db, actor, approval_id, "answer", data))


def _decide(db: Database, actor: Actor, approval_id: str, verb: str, chosen: Decision) -> Approval:
    given = {"option": chosen.option, "amount_usd": chosen.amount_usd}
    return decisions.decide(db, actor, approval_id, verb.replace("-", "_"), chosen.note, given)


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
