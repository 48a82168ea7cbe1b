"""`agenthq user`: people who can sign in to this box."""

import click

from appliance.cli.command import password_option, secret_from, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, listing, table
from appliance.domain import passwords, users


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
    rows = [(u.email, u.name, "disabled" if u.disabled else "active", ago(u.created_at)) for u in found]
    return listing(found, table(("email", "name", "state", "made"), rows, "There is no user yet."))


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


@verb("agenthq user disable bob@acme.test", into=user)
@click.argument("email")
def disable(desk: Desk, email: str) -> Shown:
    """Stop a person from signing in; what they did stays."""
    with desk.control() as control:
        users.disable(control, CLI, users.by_email(control, email).id)
        found = users.by_email(control, email)
    return Shown(found, f"{found.email} can't sign in any more.")
