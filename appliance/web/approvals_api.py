"""Approvals over HTTP."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance.db.database import Database
from appliance.domain import approvals, decisions, responsibility
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval
from appliance.domain.members import Member
from appliance.web import approval_shape, respond

Id = FromPath[str]
# The framework keeps the name `state` for itself.
State = Annotated[str, QueryParameter(name="state")]


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`option` is the value of a choice that is offered; `amount_usd` goes with one that asks for it.

    `confirm` is the amount again, where that is out of all proportion. `options` are the ticked ones of a checklist,
    `items` the steps of a plan as it should be.
    """

    note: str = ""
    option: str = ""
    amount_usd: str = ""
    confirm: str = ""
    options: list[str] | None = None
    items: list[str] | None = None


def decided(db: Database, actor: Actor, approval_id: str, verb: str, chosen: Decision) -> Approval:
    """The approval after `verb`, as the addresses spell it."""
    given: dict[str, Any] = {"option": chosen.option, "amount_usd": chosen.amount_usd, "confirm": chosen.confirm}
    given |= {"options": chosen.options, "items": chosen.items}
    return decisions.decide(db, actor, approval_id, verb.replace("-", "_"), chosen.note, given)


class ApprovalsApi(Controller):
    path = "/approvals"
    tags = ["approvals"]
    opt = {"writes": "operator"}

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
        return approval_shape.as_json(decided(db, actor, approval_id, "approve", data))

    @post(
        "/{approval_id:str}/reject", status_code=200, sync_to_thread=True, summary="Refuse it; the run reads the note"
    )
    def reject(self, db: Database, actor: Actor, approval_id: Id, data: Decision) -> dict[str, Any]:
        return approval_shape.as_json(decided(db, actor, approval_id, "reject", data))

    @post(
        "/{approval_id:str}/request-changes",
        status_code=200,
        sync_to_thread=True,
        summary="Send it back; the note says what should change",
    )
    def request_changes(self, db: Database, actor: Actor, approval_id: Id, data: Decision) -> dict[str, Any]:
        return approval_shape.as_json(decided(db, actor, approval_id, "request-changes", data))

    @post("/{approval_id:str}/answer", status_code=200, sync_to_thread=True, summary="Answer a question")
    def answer(self, db: Database, actor: Actor, approval_id: Id, data: Decision) -> dict[str, Any]:
        return approval_shape.as_json(decided(db, actor, approval_id, "answer", data))

    @post(
        "/{approval_id:str}/take",
        status_code=200,
        opt={"role": "viewer", "person": True},
        sync_to_thread=True,
        summary="Make it your own, so that you are reminded of it",
    )
    def take(self, db: Database, member: Member, approval_id: Id) -> dict[str, Any]:
        """Anybody with the role may still decide it."""
        return approval_shape.as_json(responsibility.take(db, member.actor, approval_id))
