"""Invitations to a tenant: part of the members' page, and the API."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, FromQuery

from appliance import letters
from appliance.db.database import Database
from appliance.domain import invitations
from appliance.domain.actor import Actor
from appliance.domain.invitations import Invitation, Issued, NewInvitation
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.gateway.notify import Undelivered
from appliance.web import members, respond
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services

ADMIN = {"role": "admin"}


class Sent(msgspec.Struct, frozen=True):
    """`link` is there when the box did not send it: then it is seen this once, and `why` says why."""

    invitation: Invitation
    link: str = ""
    why: str = ""


class InvitationsPages(Controller):
    path = "/settings/invitations"
    opt = ADMIN

    @post("/", sync_to_thread=True)
    def invite(
        self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, services: Services, data: Fields
    ) -> Reply:
        given = {name.removeprefix("invite_"): value for name, value in data.items()}
        try:
            issued = invitations.invite(control, actor, tenant.id, respond.form(NewInvitation, given))
        except Problem as problem:
            # The page has another form with an `email`.
            problem.errors = {f"invite_{name}": fault for name, fault in problem.errors.items()}
            return members.page(frame, control, problem, data)
        return _told(frame, send(services, control, tenant, actor, issued))

    @post("/{invitation_id:str}/resend", sync_to_thread=True)
    def resend(
        self,
        frame: Frame,
        control: Database,
        actor: Actor,
        tenant: Tenant,
        services: Services,
        invitation_id: FromPath[str],
    ) -> Reply:
        issued = invitations.resend(control, actor, tenant.id, invitation_id)
        return _told(frame, send(services, control, tenant, actor, issued))

    @post("/{invitation_id:str}/revoke", sync_to_thread=True)
    def revoke(
        self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, invitation_id: FromPath[str]
    ) -> Reply:
        invitations.revoke(control, actor, tenant.id, invitation_id)
        return respond.redirect(f"{frame.base}/settings/members", "The invitation opens nothing any more.")


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


def send(services: Services, control: Database, tenant: Tenant, actor: Actor, issued: Issued) -> Sent:
    """By e-mail where the box sends e-mail; else the link is handed back, to be copied."""
    found, link = issued.invitation, f"{services.post.base}/join/{issued.token}"
    try:
        services.post.write(letters.invitation(found.email, tenant.name, found.role, actor.name, link))
    except Undelivered as failure:
        return Sent(found, link, str(failure) if services.post.email else "")
    invitations.mailed(control, found.id)
    return Sent(invitations.get(control, tenant.id, found.id))


def shown(one: Invitation) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(one)
    return plain | {"state": one.state}


def _shown(sent: Sent) -> dict[str, Any]:
    return shown(sent.invitation) | {"link": sent.link, "why": sent.why}


def _told(frame: Frame, sent: Sent) -> Reply:
    if not sent.link:
        return respond.redirect(f"{frame.base}/settings/members", f"The invitation went to {sent.invitation.email}.")
    about: dict[str, Any] = {
        "title": "Invitation",
        "link": sent.link,
        "why": sent.why,
        "ends": sent.invitation.expires_at,
    }
    lead = f"Send this link to {sent.invitation.email}. Whoever opens it joins {frame.tenant.name}."
    return respond.page(frame, "settings/link.html", lead=lead, **about)


PAGES = [InvitationsPages]
API = [InvitationsApi]
