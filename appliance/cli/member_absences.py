"""`agenthq member away`: who decides while a member is away."""

import click

from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.members import member
from appliance.cli.show import Shown
from appliance.domain import absences, members, users


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
