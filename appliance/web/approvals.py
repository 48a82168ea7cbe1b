"""Approvals: the page of one, and deciding it; the API is in approvals_api.py."""

from litestar import Controller, get, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import approvals, decision_rights, responsibility
from appliance.domain.actor import Actor
from appliance.errors import Problem, not_found
from appliance.web import approval_page, approval_shape, respond
from appliance.web.approvals_api import ApprovalsApi, decided
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
        return approval_page.page(frame, db, control, actor, approvals.get(db, approval_id))

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
            decided(db, actor, approval_id, verb, approval_page.chosen(before, data))
        except Problem as problem:
            if problem.code == "invalid":
                return approval_page.page(frame, db, control, actor, before, data, problem)
            return respond.redirect(f"{frame.base}/approvals/{approval_id}", problem.detail, "bad")
        said = SAID[verb] if before.state == "pending" else decision_rights.closed(before)
        return respond.redirect(approval_shape.back(db, frame, before, data.get("back", "")), said)


PAGES = [ApprovalsPages]
API = [ApprovalsApi]
