"""`agenthq member invite`, `invitations` and `revoke`: people who are asked into a tenant."""

import click
import msgspec

from appliance import letters
from appliance.cli.command import role_option, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.members import member
from appliance.cli.show import Shown, ago, listing, table
from appliance.domain import invitations
from appliance.domain.actor import Role
from appliance.domain.invitations import NewInvitation
from appliance.gateway.notify import Undelivered


@verb("agenthq member invite eve@acme.test --role operator", into=member)
@click.argument("email")
@tenant_option
@role_option
def invite(desk: Desk, email: str, tenant: str | None, role: Role) -> Shown:
    """Invite a person by e-mail; where the box sends none, the link is printed now and never again."""
    with desk.room(tenant) as room, desk.control() as control:
        issued = invitations.invite(control, CLI, room.tenant.id, NewInvitation(email, role))
        found, link = issued.invitation, f"{desk.post.base}/join/{issued.token}"
        try:
            desk.post.write(letters.invitation(found.email, room.tenant.name, found.role, "", link))
        except Undelivered as failure:
            why = f"{failure} " if desk.post.email else ""
            return Shown(_plain(found) | {"link": link}, f"{why}Give {found.email} this link, once: {link}")
        invitations.mailed(control, found.id)
    return Shown(_plain(found) | {"mailed": True, "link": ""}, f"The invitation went to {found.email}.")


@verb("agenthq member invitations", into=member, name="invitations")
@tenant_option
def list_(desk: Desk, tenant: str | None) -> Shown:
    """Invitations of a tenant, newest first, with what became of them."""
    with desk.room(tenant) as room, desk.control() as control:
        found = invitations.every(control, room.tenant.id)
    rows = [(one.id, one.email, one.role, one.state, ago(one.sent_at), ago(one.expires_at)) for one in found]
    heads = ("id", "email", "role", "state", "sent", "ends")
    return listing([_plain(one) for one in found], table(heads, rows, "Nobody is invited."))


@verb("agenthq member revoke 0193a1c2-…", into=member)
@click.argument("invitation_id", metavar="ID")
@tenant_option
def revoke(desk: Desk, invitation_id: str, tenant: str | None) -> Shown:
    """Revoke an invitation: its link opens nothing any more."""
    with desk.room(tenant) as room, desk.control() as control:
        invitations.revoke(control, CLI, room.tenant.id, invitation_id)
        found = invitations.get(control, room.tenant.id, invitation_id)
    return Shown(_plain(found), f"The invitation of {found.email} opens nothing any more.")


def _plain(one: invitations.Invitation) -> dict[str, object]:
    return {**msgspec.to_builtins(one), "state": one.state}
