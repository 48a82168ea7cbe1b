"""`agenthq init`: set a box up without a browser."""

import click

from appliance.cli.command import secret_from, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, facts
from appliance.domain import samples, setup
from appliance.domain.setup import NewOwner


@verb(
    "echo 'a long password' | agenthq init --owner alice@acme.test --tenant acme --password-stdin",
    "agenthq init --owner alice@acme.test --tenant acme --simulated",
)
@click.option("--owner", required=True, metavar="EMAIL", help="The person who owns the box.")
@click.option("--name", default="", help="The owner's name; the part before the @ when left out.")
@click.option("--tenant", required=True, metavar="SLUG", help="The first tenant.")
@click.option("--organisation", default="", help="The tenant's name; made from the slug when left out.")
@click.option("--password-stdin", is_flag=True, help="Read the owner's password from standard input.")
@click.option(
    "--simulated", is_flag=True, help="Also add the simulated provider, which needs no key, and a sample team."
)
def init(
    desk: Desk, owner: str, name: str, tenant: str, organisation: str, password_stdin: bool, simulated: bool
) -> Shown:
    """Make the owner and the first tenant, once for each box."""
    password = secret_from(password_stdin, "Password", confirm=True)
    organisation = organisation or tenant.replace("-", " ").title()
    new = NewOwner(organisation, name or owner.partition("@")[0], owner, password, tenant)
    catalogue, vault = desk.catalogue, desk.vault
    with catalogue.control() as control:
        user, made = setup.complete(catalogue, control, vault, None, new)
    if simulated:
        with catalogue.open(made.id) as db:
            samples.add_simulated(db, CLI, vault)
            samples.add_team(db, CLI, "sim-standard")
    next_step = "agenthq serve" if simulated else "agenthq provider add --kind openai --name OpenAI --key-stdin"
    about = facts([("Owner", user.email), ("Tenant", made.slug), ("Data", desk.folder), ("Next", next_step)])
    return Shown({"owner": user, "tenant": made, "data": str(desk.folder)}, about)
