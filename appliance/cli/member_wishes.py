"""`agenthq member notify`: what a member hears of, and when not."""

from typing import Any

import click
import msgspec

from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.members import member
from appliance.cli.show import Shown, facts
from appliance.domain import members, users
from appliance.domain.notices import wishes
from appliance.domain.notices.kinds import EMAIL, KINDS
from appliance.domain.notices.wish_forms import WishesChange


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
