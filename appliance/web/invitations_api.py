"""Invitations to a tenant, over HTTP."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain import invitations
from appliance.domain.actor import Actor
from appliance.domain.invitations import Invitation, NewInvitation
from appliance.domain.tenants import Tenant
from appliance.web import respond
from appliance.web.invitations_sent import Sent, send
from appliance.web.respond import Reply
from appliance.web.services import Services

ADMIN = {"role": "admin"}


class InvitationsApi(Controller):
    path = "/invitations"
    tags = ["people"]
    opt = ADMIN

    @get("/", sync_to_thread=True, summary="The invitations of the tenant, newest first")
    def listing(
        self, control: Database, tenant: Tenant, limit: FromQuery[int] = 50, cursor: FromQuery[str] = ""
    ) -> dict[str, Any]:
        found = invitations.page(control, tenant.id, respond.limit(limit), cursor)
        return {"items": [shown(one) for one in found.items], "next_cursor": found.next_cursor}

    @post("/", sync_to_thread=True, summary="Invite a person by e-mail")
    def invite(self, control: Database, actor: Actor, tenant: Tenant, services: Services, data: NewInvitation) -> Reply:
        """`link` is in this answer when the box sends no e-mail, and never again."""
        issued = invitations.invite(control, actor, tenant.id, data)
        return respond.created(_shown(send(services, control, tenant, actor, issued)))

    @post("/{invitation_id:str}/resend", status_code=200, sync_to_thread=True, summary="Make and send another link")
    def resend(
        self, control: Database, actor: Actor, tenant: Tenant, services: Services, invitation_id: FromPath[str]
    ) -> dict[str, Any]:
        issued = invitations.resend(control, actor, tenant.id, invitation_id)
        return _shown(send(services, control, tenant, actor, issued))

    @delete("/{invitation_id:str}", sync_to_thread=True, summary="Revoke an invitation")
    def revoke(self, control: Database, actor: Actor, tenant: Tenant, invitation_id: FromPath[str]) -> None:
        invitations.revoke(control, actor, tenant.id, invitation_id)


def shown(one: Invitation) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(one)
    return plain | {"state": one.state}


def _shown(sent: Sent) -> dict[str, Any]:
    return shown(sent.invitation) | {"link": sent.link, "why": sent.why}
