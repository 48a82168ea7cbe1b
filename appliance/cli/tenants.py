"""`agenthq tenant`: one customer or team, one database."""

from typing import Any

import click
import msgspec

from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, facts, listing, money, table
from appliance.db.database import Database
from appliance.domain import agents, board, guards, members, tenant_life, tenants
from appliance.domain.analytics import usage
from appliance.domain.guards import GuardsChange
from appliance.domain.tenant_life import NewTenant
from appliance.domain.tenants import Tenant

owner_option = click.option("--owner", metavar="EMAIL", default="", help="A person of this box who becomes its owner.")


@click.group()
def tenant() -> None:
    """Tenants: one customer or team, one database each."""


@verb(
    "agenthq tenant create globex --name 'Globex Ltd'",
    "agenthq tenant create globex --owner dana@globex.example --plan starter",
    into=tenant,
)
@click.argument("slug")
@click.option("--name", default="", help="The name people see; made from the slug when left out.")
@owner_option
@click.option("--plan", default="", help="The plan it is on; the usual one when left out.")
def create(desk: Desk, slug: str, name: str, owner: str, plan: str) -> Shown:
    """Make a tenant with an empty database of its own."""
    with desk.control() as control:
        new = NewTenant(slug, name, owner, plan)
        made = tenant_life.found(desk.catalogue, control, desk.vault, CLI, new)
        way = way_in(control, made)
    return Shown(made, f"Tenant {made.slug} is ready.\n{way}")


def way_in(control: Database, made: Tenant) -> str:
    """Who gets into a new tenant, or how somebody does."""
    owners = [each.email for each in members.every(control, made.id) if each.role == "owner" and not each.disabled]
    if owners:
        return f"Its owner: {', '.join(owners)}"
    return f"Nobody gets in yet. Give it an owner: agenthq member add EMAIL --role owner --tenant {made.slug}"


@verb("agenthq tenant list", into=tenant, name="list")
def list_(desk: Desk) -> Shown:
    """All tenants of this box."""
    with desk.control() as control:
        found = tenants.every(control)
    faults = {t.id: desk.catalogue.trouble(t.id) for t in found if t.state == "active"}
    states = {t.id: "maintenance" if faults.get(t.id) else t.state for t in found}
    rows = [(t.slug, t.name, states[t.id], t.plan, ago(t.created_at)) for t in found]
    said = table(("tenant", "name", "state", "plan", "made"), rows, "There is no tenant yet.")
    mends = [f"{t.slug}: {faults[t.id]}" for t in found if faults.get(t.id)]
    items = [msgspec.to_builtins(t) | {"maintenance": faults.get(t.id, "")} for t in found]
    return listing(items, "\n".join([said, *mends]))


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
            ("Until", found.state_until),
            ("Suspended", found.suspended_reason),
            ("Plan", found.plan),
            ("Made", ago(found.created_at)),
            ("Agents", len(team)),
            ("Tasks", ", ".join(f"{n} {state.replace('_', ' ')}" for state, n in counts.items() if n) or "none"),
            ("This month", f"{money(spent.cost_nano)} in {spent.calls} calls"),
        ]
    )
    return Shown({"tenant": found, "agents": len(team), "tasks": counts, "month": spent}, lines)


@verb(
    "agenthq tenant limits",
    "agenthq tenant limits --max-running 8 --breaker-usd-per-hour 5",
    into=tenant,
)
@click.option("--max-running", metavar="N", help="Runs at the same time; 'none' for no limit.")
@click.option("--breaker-runs", metavar="N", help="Runs of a task without progress before a person is asked.")
@click.option("--breaker-chain", metavar="N", help="Runs that wake each other without a person.")
@click.option("--breaker-usd-per-hour", metavar="USD", help="What a loop may spend; 'none' for three times the usual.")
@click.option("--wake-depth", metavar="N", help="How deep agents may wake each other.")
@click.option("--wake-fanout", metavar="N", help="How many other tasks one run may wake.")
@click.option("--task-depth", metavar="N", help="How many levels agents may hand work down.")
@click.option("--task-children", metavar="N", help="Into how many sub-tasks an agent may split one task.")
@tenant_option
def limits(desk: Desk, tenant: str | None, **given: str | None) -> Shown:
    """How far work may go by itself; with options, change that."""
    named: dict[str, Any] = {name: _number(text) for name, text in given.items() if text is not None}
    with desk.room(tenant) as room:
        found = (
            guards.change(room.db, CLI, msgspec.convert(named, GuardsChange, strict=False))
            if named
            else guards.of(room.db)
        )
    shown = [(name.replace("_", " "), "none" if v is None else v) for name, v in msgspec.to_builtins(found).items()]
    return Shown(found, facts(shown))


def _number(text: str) -> str | None:
    return None if text == "none" else text
