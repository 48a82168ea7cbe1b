"""`agenthq plan`: what tenants may have and use."""

from typing import Any

import click
import msgspec

from appliance.cli.command import verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.plan_options import given_limits, limit_options
from appliance.cli.show import Shown, facts, listing, money, table
from appliance.db.bounds import LIMITS
from appliance.domain import flags, plan_forms, plans, tenants
from appliance.domain.plans import NewPlan, Plan, PlanChange

# So many tenants of a plan are named with it.
SHOWN = 100
HEADS = ("plan", "price", "requests/min", "agents", "at once", "storage", "tenants")


@click.group()
def plan() -> None:
    """Plans: what tenants may have and use, and what that costs."""


@verb("agenthq plan list", into=plan, name="list")
def list_(desk: Desk) -> Shown:
    """All plans of this box."""
    with desk.control() as control:
        found = plans.every(control)
    rows = [(p.slug, _price(p), *_limits(p), p.tenants) for p in found]
    return listing(found, table(HEADS, rows, "There is no plan.", right=HEADS[1:]))


@verb("agenthq plan show growth", into=plan)
@click.argument("slug")
def show(desk: Desk, slug: str) -> Shown:
    """A plan, its limits and switches, and who is on it."""
    with desk.control() as control:
        found, page = plans.get(control, slug), tenants.page(control, plan=slug, limit=SHOWN)
    more = f" and {found.tenants - SHOWN} more" if page.next_cursor else ""
    members = ", ".join(tenant.slug for tenant in page.items) + more
    return Shown({"plan": found, "tenants": page.items, "next_cursor": page.next_cursor}, _facts(found, members))


@verb("agenthq plan create team --price 19 --agents 10 --storage 5GB", into=plan)
@click.argument("slug")
@click.option("--name", default="", help="The name people see; made from the slug when left out.")
@click.option("--price", metavar="USD", help="US dollars a month; 'none' where it is agreed with each tenant.")
@limit_options
def create(desk: Desk, slug: str, **given: Any) -> Shown:
    """Make a plan; limits that are left out are none."""
    with desk.control() as control:
        made = plans.create(control, CLI, msgspec.convert(_given(given) | {"slug": slug}, NewPlan))
    return Shown(made, _facts(made, ""))


@verb("agenthq plan set growth --agents 120", "agenthq plan set free --storage none", into=plan, name="set")
@click.argument("slug")
@click.option("--name", default="", help="The name people see.")
@click.option("--price", metavar="USD", help="US dollars a month; 'none' where it is agreed with each tenant.")
@limit_options
def set_(desk: Desk, slug: str, **given: Any) -> Shown:
    """Change a plan, for all tenants that are on it; what is left out stays."""
    with desk.control() as control:
        changed = plans.change(control, CLI, slug, msgspec.convert(_given(given), PlanChange))
    return Shown(changed, _facts(changed, ""))


@verb("agenthq plan remove team", into=plan)
@click.argument("slug")
def remove(desk: Desk, slug: str) -> Shown:
    """Remove a plan that no tenant is on."""
    with desk.control() as control:
        plans.remove(control, CLI, slug)
    return Shown({"removed": slug}, f"The plan {slug} was removed.")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    found = given_limits(options)
    if options["name"]:
        found["name"] = options["name"]
    if options["price"]:
        found["price_nano"] = plan_forms.price(options["price"])
    return found


def _price(found: Plan) -> str:
    return "agreed" if found.price_nano is None else money(found.price_nano)


def _limits(found: Plan) -> list[str]:
    shown = ("requests_per_min", "agents", "running", "storage_bytes")
    return [plan_forms.shown(name, getattr(found, name)) for name in shown]


def _facts(found: Plan, members: str) -> str:
    limits = [(plan_forms.WORDS[name], plan_forms.shown(name, getattr(found, name))) for name in LIMITS]
    switches = [(name, "on" if found.flags.get(name, flag.usual) else "off") for name, flag in flags.FLAGS.items()]
    head = [("Plan", f"{found.slug} ({found.name})"), ("Price a month", _price(found)), *limits, *switches]
    return facts([*head, ("Tenants", members or found.tenants)])
