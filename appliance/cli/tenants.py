"""`agenthq tenant`: one customer or team, one database."""

import click

from appliance.cli.command import verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, facts, listing, money, table
from appliance.domain import agents, board, tenants, usage


@click.group()
def tenant() -> None:
    """Tenants: one customer or team, one database each."""


@verb("agenthq tenant create globex --name 'Globex Ltd'", into=tenant)
@click.argument("slug")
@click.option("--name", default="", help="The name people see; made from the slug when left out.")
def create(desk: Desk, slug: str, name: str) -> Shown:
    """Make a tenant with an empty database of its own."""
    with desk.control() as control:
        name = name or slug.replace("-", " ").title()
        made = tenants.create(desk.catalogue, control, desk.vault, slug, name, actor=CLI)
    return Shown(made, f"Tenant {made.slug} is ready. Add people with: agenthq member add EMAIL --tenant {made.slug}")


@verb("agenthq tenant list", into=tenant, name="list")
def list_(desk: Desk) -> Shown:
    """All tenants of this box."""
    with desk.control() as control:
        found = tenants.every(control)
    rows = [(t.slug, t.name, t.state, t.plan, ago(t.created_at)) for t in found]
    return listing(found, table(("tenant", "name", "state", "plan", "made"), rows, "There is no tenant yet."))


@verb("agenthq tenant show acme", into=tenant)
@click.argument("slug", required=False)
def show(desk: Desk, slug: str | None) -> Shown:
    """A tenant, its work and what it spent."""
    with desk.room(slug) as (db, found, _):
        counts, spent, team = board.counts(db), usage.month(db), agents.all(db)
    lines = facts(
        [
            ("Tenant", f"{found.slug} ({found.name})"),
            ("Id", found.id),
            ("State", found.state),
            ("Plan", found.plan),
            ("Made", ago(found.created_at)),
            ("Agents", len(team)),
            ("Tasks", ", ".join(f"{n} {state.replace('_', ' ')}" for state, n in counts.items() if n) or "none"),
            ("This month", f"{money(spent.cost_nano)} in {spent.calls} calls"),
        ]
    )
    return Shown({"tenant": found, "agents": len(team), "tasks": counts, "month": spent}, lines)
