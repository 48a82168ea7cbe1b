"""`agenthq user`: people who can sign in to this box."""

import click

from appliance.cli.command import password_option, secret_from, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, listing, table
from appliance.domain import box_owners, passwords, totp, users


@click.group()
def user() -> None:
    """Users: people who can sign in to this box."""


@verb("agenthq user create bob@acme.test --name Bob --password-stdin < password.txt", into=user)
@click.argument("email")
@click.option("--name", default="", help="The part before the @ when left out.")
@password_option
def create(desk: Desk, email: str, name: str, password_stdin: bool) -> Shown:
    """Make a user who can sign in; what they may see comes with `member add`."""
    password = secret_from(password_stdin, "Password", confirm=True)
    with desk.control() as control:
        made = users.create(control, CLI, email, name or email.partition("@")[0], password)
    return Shown(made, f"{made.email} can sign in. Give access with: agenthq member add {made.email} --role operator")


@verb("agenthq user list", into=user, name="list")
def list_(desk: Desk) -> Shown:
    """All users of this box."""
    with desk.control() as control:
        found = users.every(control)
    rows = [
        (
            u.email,
            u.name,
            "disabled" if u.disabled else "active",
            "yes" if u.box_owner else "",
            "on" if u.totp_at else "",
            ago(u.created_at),
        )
        for u in found
    ]
    heads = ("email", "name", "state", "box owner", "two steps", "made")
    return listing(found, table(heads, rows, "There is no user yet."))


@verb("agenthq user reset-password bob@acme.test", into=user)
@click.argument("email")
@password_option
def reset_password(desk: Desk, email: str, password_stdin: bool) -> Shown:
    """Set another password and end the person's sessions."""
    password = secret_from(password_stdin, "Password", confirm=True)
    with desk.control() as control:
        found = users.by_email(control, email)
        passwords.reset(control, CLI, found.id, password)
    return Shown(found, f"{found.email} has a new password; earlier sessions have ended.")


@verb("agenthq user enable bob@acme.test", into=user)
@click.argument("email")
def enable(desk: Desk, email: str) -> Shown:
    """Let a disabled person sign in again."""
    with desk.control() as control:
        users.enable(control, CLI, users.by_email(control, email).id)
        found = users.by_email(control, email)
    return Shown(found, f"{found.email} can sign in again.")


@verb("agenthq user totp-reset bob@acme.test", into=user)
@click.argument("email")
def totp_reset(desk: Desk, email: str) -> Shown:
    """Take a person's second step away, and end their sessions: for who lost phone and recovery codes."""
    with desk.control() as control:
        found = users.by_email(control, email)
        totp.reset(control, CLI, found.id)
    return Shown(found, f"{found.email} signs in with the password alone until they set up two steps again.")


@user.group()
def owner() -> None:
    """Owners of the box: they see its rooms, and no tenant's data by it."""


@verb("agenthq user owner add bob@acme.test", into=owner)
@click.argument("email")
def add(desk: Desk, email: str) -> Shown:
    """Make a person an owner of the box."""
    with desk.control() as control:
        box_owners.appoint(control, CLI, users.by_email(control, email).id)
        found = users.by_email(control, email)
    return Shown(found, f"{found.email} answers for the box now.")


@verb("agenthq user owner remove bob@acme.test", into=owner)
@click.argument("email")
def remove(desk: Desk, email: str) -> Shown:
    """Take that away again; one owner always stays."""
    with desk.control() as control:
        box_owners.dismiss(control, CLI, users.by_email(control, email).id)
        found = users.by_email(control, email)
    return Shown(found, f"{found.email} does not answer for the box any more.")


@verb("agenthq user disable bob@acme.test", into=user)
@click.argument("email")
def disable(desk: Desk, email: str) -> Shown:
    """Stop a person from signing in; what they did stays."""
    with desk.control() as control:
        users.disable(control, CLI, users.by_email(control, email).id)
        found = users.by_email(control, email)
    return Shown(found, f"{found.email} can't sign in any more.")
