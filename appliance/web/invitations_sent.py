"""How an invitation reaches the person: by e-mail, or as a link that is handed on."""

import msgspec

from appliance import letters
from appliance.db.database import Database
from appliance.domain import invitations
from appliance.domain.actor import Actor
from appliance.domain.invitations import Invitation, Issued
from appliance.domain.tenants import Tenant
from appliance.gateway.notify import Undelivered
from appliance.web.services import Services


class Sent(msgspec.Struct, frozen=True):
    """`link` is there when the box did not send it: then it is seen this once, and `why` says why."""

    invitation: Invitation
    link: str = ""
    why: str = ""


def send(services: Services, control: Database, tenant: Tenant, actor: Actor, issued: Issued) -> Sent:
    """By e-mail where the box sends e-mail; else the link is handed back, to be copied."""
    found, link = issued.invitation, f"{services.post.base}/join/{issued.token}"
    try:
        services.post.write(letters.invitation(found.email, tenant.name, found.role, actor.name, link))
    except Undelivered as failure:
        return Sent(found, link, str(failure) if services.post.email else "")
    invitations.mailed(control, found.id)
    return Sent(invitations.get(control, tenant.id, found.id))
