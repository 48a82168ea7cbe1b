"""`agenthq user` and `agenthq member`: people of the box, and their roles in tenants."""

import click

from appliance.cli.command import role_option, secret_from, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, listing, table
from appliance.domain import people
from appliance.domain.actor import Role
from appliance.domain.people import NewMember

password_option = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group()
def user() -> None:
    """Users: people who can sign in to this box."""


@click.group()
def member() -> None:
    """Members: users in a tenant, with a role."""


@verb("agenthq user create bob@acme.test --name Bob --password-stdin < password.txt", into=user)
@click.argument("email")
@click.option("--name", default="", help="The part before the @ when left out.")
@password_option
def create(desk: Desk, email: str, name: str, password_stdin: bool) -> Shown:
    """Make a user who can sign in; what they may see comes with `member add`."""
    password = secret_from(password_stdin, "Password", confirm=True)
    with desk.control() as control:
        made = people.create(control, CLI, email, name or email.partition("@")[0], password)
    return Shown(made, f"{made.email} can sign in. Give access with: agenthq member add {made.email} --role operator")


@verb("agenthq user list", into=user, name="list")
def list_(desk: Desk) -> Shown:
    """All users of this box."""
    with desk.control() as control:
        found = people.every(control)
    rows = [(u.email, u.name, "disabled" if u.disabled else "active", ago(u.created_at)) for u in found]
    return listing(found, table(("email", "name", "state", "made"), rows, "There is no user yet."))


@verb("agenthq user reset-password bob@acme.test", into=user)
@click.argument("email")
@password_option
def reset_password(desk: Desk, email: str, password_stdin: bool) -> Shown:
    """Set another password and end the person's sessions."""
    password = secret_from(password_stdin, "Password", confirm=True)
    with desk.control() as control:
        found = people.by_email(control, email)
        people.set_password(control, CLI, found.id, password)
    return Shown(found, f"{found.email} has a new password; earlier sessions have ended.")


@verb("agenthq user disable bob@acme.test", into=user)
@click.argument("email")
def disable(desk: Desk, email: str) -> Shown:
    """Stop a person from signing in; what they did stays."""
    with desk.control() as control:
        people.disable(control, CLI, people.by_email(control, email).id)
        found = people.by_email(control, email)
    return Shown(found, f"{found.email} can't sign in any more.")


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
        made = people.add_member(control, CLI, room.tenant.id, new)
    return Shown(made, f"{made.email} is {made.role} in {room.tenant.slug}.")


@verb("agenthq member role bob@acme.test admin", into=member)
@click.argument("email")
@click.argument("role", type=click.Choice(["viewer", "operator", "admin", "owner"]))
@tenant_option
def role(desk: Desk, email: str, role: Role, tenant: str | None) -> Shown:
    """Change a member's role."""
    with desk.room(tenant) as room, desk.control() as control:
        found = people.by_email(control, email)
        made = people.change_role(control, CLI, room.tenant.id, found.id, role)
    return Shown(made, f"{made.email} is {made.role} in {room.tenant.slug}.")


@verb("agenthq member remove bob@acme.test", into=member)
@click.argument("email")
@tenant_option
def remove(desk: Desk, email: str, tenant: str | None) -> Shown:
    """Take a person out of a tenant; they stay a user of the box."""
    with desk.room(tenant) as room, desk.control() as control:
        found = people.by_email(control, email)
        people.remove(control, CLI, room.tenant.id, found.id)
    return Shown(found, f"{found.email} has left {room.tenant.slug}.")


@verb("agenthq member list --tenant acme", into=member, name="list")
@tenant_option
def list_members(desk: Desk, tenant: str | None) -> Shown:
    """The people of a tenant."""
    with desk.room(tenant) as room, desk.control() as control:
        found = people.members(control, room.tenant.id)
    rows = [(m.email, m.name, m.role, "disabled" if m.disabled else "active", ago(m.created_at)) for m in found]
    return listing(found, table(("email", "name", "role", "state", "since"), rows, "There is no member yet."))
