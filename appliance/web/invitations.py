"""Invitations to a tenant: part of the members' page."""

from typing import Any

from litestar import Controller, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import invitations
from appliance.domain.actor import Actor
from appliance.domain.invitations import NewInvitation
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import members, respond
from appliance.web.frame import Frame
from appliance.web.invitations_api import InvitationsApi
from appliance.web.invitations_sent import Sent, send
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services

ADMIN = {"role": "admin"}


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
