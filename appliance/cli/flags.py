"""`agenthq flag`: switches of plans and tenants."""

import click

from appliance.cli.command import verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, listing, table
from appliance.domain import flags, plans, tenant_plans, tenants
from appliance.domain.plans import PlanChange
from appliance.domain.tenant_plans import TermsChange
from appliance.errors import Problem

STATES = {"on": True, "off": False, "usual": None}


@click.group()
def flag() -> None:
    """Switches that differ between plans and tenants."""


@verb("agenthq flag list", "agenthq flag list --tenant acme", "agenthq flag list --plan free", into=flag, name="list")
@click.option("--plan", metavar="SLUG", help="What holds on this plan.")
@click.option("--tenant", metavar="SLUG", help="What holds for this tenant.")
def list_(desk: Desk, plan: str | None, tenant: str | None) -> Shown:
    """All switches and what they do; with a plan or tenant, what holds there."""
    set_here: dict[str, bool] = {}
    with desk.control() as control:
        if tenant:
            set_here = flags.every(desk.catalogue.bounds(tenants.by_slug(control, tenant).id))
        elif plan:
            set_here = plans.get(control, plan).flags
    found = [
        {"flag": name, "on": set_here.get(name, one.usual), "usual": one.usual, "about": one.about}
        for name, one in flags.FLAGS.items()
    ]
    rows = [(one["flag"], "on" if one["on"] else "off", one["about"]) for one in found]
    return listing(found, table(("flag", "state", "what it does"), rows, "There is no switch."))


@verb(
    "agenthq flag set gateway off --plan free",
    "agenthq flag set gateway on --tenant acme",
    "agenthq flag set gateway usual --tenant acme",
    into=flag,
    name="set",
)
@click.argument("name")
@click.argument("state", type=click.Choice(list(STATES)))
@click.option("--plan", metavar="SLUG", help="For all tenants of a plan.")
@click.option("--tenant", metavar="SLUG", help="For one tenant, whatever its plan says.")
def set_(desk: Desk, name: str, state: str, plan: str | None, tenant: str | None) -> Shown:
    """Set a switch for a plan or a tenant; 'usual' takes the setting away."""
    if bool(plan) == bool(tenant):
        raise Problem("usage", "Say for whom: --plan SLUG or --tenant SLUG.")
    switched = {name: STATES[state]}
    with desk.control() as control:
        if plan:
            plans.change(control, CLI, plan, PlanChange(flags=switched))
        else:
            found = tenants.by_slug(control, str(tenant))
            tenant_plans.change(control, CLI, found.id, TermsChange(own_flags=switched))
    told = f"{name} is {state} for the {'plan' if plan else 'tenant'} {plan or tenant}."
    return Shown({"flag": name, "state": state, "plan": plan, "tenant": tenant}, told)
