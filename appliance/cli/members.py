"""`agenthq member`: the people of a tenant, and their roles."""

import click

from appliance.cli.command import password_option, role_option, secret_from, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, listing, table
from appliance.domain import members, users
from appliance.domain.actor import ROLES, Role
from appliance.domain.members import NewMember


@click.group()
def member() -> None:
    """Members: users in a tenant, with a role."""


@verb("agenthq member add bob@acme.test --role viewer --tenant acme", into=member)
@click.argument("email")
@tenant_option
@role_option
@click.option("--name", default="", help="For a person who is new to the box.")
@password_option
def add(desk: Desk, email: str, tenant: str | None, role: Role, name: str, password_stdin: bool) -> Shown:
    """Give a person a role in a tenant; one who is new to the box needs a password."""
    password = secret_from(True, "Password") if password_stdin else ""
    with desk.room(tenant) as room, desk.control() as control:
        new = NewMember(email, role, name or email.partition("@")[0], password)
        made = members.add(control, CLI, room.tenant.id, new)
    return Shown(made, f"{made.email} is {made.role} in {room.tenant.slug}.")


@verb("agenthq member role bob@acme.test admin", into=member)
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
@tenant_option
def role(desk: Desk, email: str, role: Role, tenant: str | None) -> Shown:
    """Change a member's role."""
    with desk.room(tenant) as room, desk.control() as control:
        found = users.by_email(control, email)
        made = members.change_role(control, CLI, room.tenant.id, found.id, role)
    return Shown(made, f"{made.email} is {made.role} in {room.tenant.slug}.")


@verb("agenthq member remove bob@acme.test", into=member)
@click.argument("email")
@tenant_option
def remove(desk: Desk, email: str, tenant: str | None) -> Shown:
    """Take a person out of a tenant; they stay a user of the box."""
    with desk.room(tenant) as room, desk.control() as control:
        found = users.by_email(control, email)
        members.remove(control, CLI, room.tenant.id, found.id)
    return Shown(found, f"{found.email} has left {room.tenant.slug}.")


@verb("agenthq member list --tenant acme", into=member, name="list")
@tenant_option
def list_(desk: Desk, tenant: str | None) -> Shown:
    """The people of a tenant."""
    with desk.room(tenant) as room, desk.control() as control:
        found = members.every(control, room.tenant.id)
    rows = [(m.email, m.name, m.role, "disabled" if m.disabled else "active", ago(m.created_at)) for m in found]
    return listing(found, table(("email", "name", "role", "state", "since"), rows, "There is no member yet."))
