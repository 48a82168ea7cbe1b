"""`agenthq member`: the people of a tenant, and their roles."""

from typing import Any

import click
import msgspec

from appliance.cli import invitations
from appliance.cli.command import password_option, role_option, secret_from, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, facts, listing, table
from appliance.domain import absences, members, users
from appliance.domain.actor import ROLES, Role
from appliance.domain.members import NewMember
from appliance.domain.notices import wishes
from appliance.domain.notices.kinds import EMAIL, KINDS
from appliance.domain.notices.wish_forms import WishesChange


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


@verb(
    "agenthq member notify bob@acme.test",
    "agenthq member notify bob@acme.test --hear failures --hear digest",
    "agenthq member notify bob@acme.test --quiet 22:00-07:00 --zone Europe/Berlin --urgent",
    into=member,
)
@click.argument("email")
@click.option("--hear", type=click.Choice([*KINDS]), multiple=True, help="By e-mail; replaces what holds.")
@click.option("--quiet", metavar="FROM-TO", help="Quiet hours such as 22:00-07:00; off takes them away.")
@click.option("--zone", help="Of the quiet hours and the daily summary.")
@click.option("--digest-at", metavar="HH:MM", help="When the daily summary comes.")
@click.option("--urgent/--not-urgent", default=None, help="What waits for them may come through quiet hours.")
@tenant_option
def notify(
    desk: Desk,
    email: str,
    hear: tuple[str, ...],
    quiet: str | None,
    zone: str | None,
    digest_at: str | None,
    urgent: bool | None,
    tenant: str | None,
) -> Shown:
    """What a member hears of and when not; without an option it is shown."""
    given = {"zone": zone, "digest_at": digest_at, "urgent": urgent}
    wanted: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if quiet:
        starts, _, ends = quiet.partition("-")
        wanted["quiet"] = None if quiet == "off" else {"starts": starts, "ends": ends}
    with desk.room(tenant) as room, desk.control() as control:
        found = members.get(control, room.tenant.id, users.by_email(control, email).id)
        said = wishes.of(room.db, found)
        if hear:
            others = {kind: [one for one in places if one != EMAIL] for kind, places in said.kinds.items()}
            wanted["kinds"] = {k: others.get(k, []) + ([EMAIL] if k in hear else []) for k in KINDS}
        if wanted:
            said = wishes.change(room.db, CLI, found, msgspec.convert(wanted, WishesChange))
    heard = [f"{kind} ({', '.join(places)})" for kind, places in said.kinds.items() if places]
    hours = f"{said.quiet.starts}-{said.quiet.ends} {', '.join(said.quiet.days)}" if said.quiet else "none"
    pairs = [("Hears of", ", ".join(heard) or "nothing"), ("Quiet hours", hours), ("Zone", said.zone)]
    return Shown(said, facts([*pairs, ("Daily summary", said.digest_at)]))


@verb(
    "agenthq member away bob@acme.test --until 2027-01-31 --stand-in eve@acme.test",
    "agenthq member away bob@acme.test --back",
    into=member,
)
@click.argument("email")
@click.option("--until", metavar="DATE", default="")
@click.option("--stand-in", metavar="EMAIL", default="", help="Without: each decision's own backup.")
@click.option("--back", is_flag=True, help="They are here again.")
@tenant_option
def away(desk: Desk, email: str, until: str, stand_in: str, back: bool, tenant: str | None) -> Shown:
    """While a member is away, what is for them goes to somebody else at once."""
    with desk.room(tenant) as room, desk.control() as control:
        found, other = (
            members.get(control, room.tenant.id, users.by_email(control, one).id).actor if one else None
            for one in (email, stand_in)
        )
        assert found is not None
        if back:
            absences.come_back(room.db, CLI, found.label)
            return Shown({"member": found.label, "until": None}, f"{found.name} is back.")
        made = absences.go(room.db, CLI, found.label, until, other.label if other else None)
    return Shown(made, f"{found.name} is away until {made.until[:16].replace('T', ' ')} UTC.")


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


invitations.into(member)
