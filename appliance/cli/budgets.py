"""`agenthq budget`: limits that stop the next call before it is sent."""

import click

from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, listing, money, table
from appliance.db.database import Database
from appliance.domain import agents, budgets, limits, tasks
from appliance.domain.budgets import Budget
from appliance.domain.limits import BudgetChange, NewBudget
from appliance.domain.scopes import SCOPES
from appliance.domain.windows import SPANS
from appliance.errors import not_found


@click.group()
def budget() -> None:
    """Budgets: limits that stop the next call before it is sent."""


scope_option = click.option("--scope", type=click.Choice(SCOPES), default="tenant", show_default=True)
of_option = click.option("--of", "scope_id", default="", metavar="WHICH", help="The agent's slug or the task's number.")
span_option = click.option("--span", type=click.Choice(SPANS), default="month", show_default=True)


@verb(
    "agenthq budget set 25",
    "agenthq budget set 2.50 --span day --scope agent --of mara",
    "agenthq budget set none --span day --scope agent --of mara",
    into=budget,
    name="set",
)
@click.argument("usd")
@scope_option
@of_option
@span_option
@tenant_option
def set_(desk: Desk, usd: str, scope: str, scope_id: str, span: str, tenant: str | None) -> Shown:
    """Limit spending to USD: 0 stops, 'none' removes the limit."""
    with desk.room(tenant) as room:
        if usd != "none":
            made = limits.create(room.db, CLI, NewBudget(scope, span, usd, scope_id))
            return Shown(made, _table([made]))
        found = [b for b in budgets.of(room.db, scope, _id(room.db, scope, scope_id)) if b.span == span]
        if not found:
            raise not_found("budget")
        limits.change(room.db, CLI, found[0].id, BudgetChange(None))
    return Shown({"id": found[0].id, "state": "removed"}, "The limit is removed.")


@verb("agenthq budget list", into=budget, name="list")
@tenant_option
def list_(desk: Desk, tenant: str | None) -> Shown:
    """Limits, what is spent in the current span, and what calls in flight hold."""
    with desk.room(tenant) as room:
        found = budgets.all(room.db)
    return listing(found, _table(found))


def _id(db: Database, scope: str, ref: str) -> str:
    if scope == "agent":
        return agents.get(db, ref).id
    return tasks.get(db, ref).id if scope == "task" else ref


def _table(found: list[Budget]) -> str:
    rows = [
        (
            b.scope_name or b.scope,
            b.span,
            money(b.limit_nano),
            money(b.spent_nano),
            money(b.reserved_nano),
            money(b.left_nano),
        )
        for b in found
    ]
    heads = ("budget", "span", "limit", "spent", "held", "left")
    return table(heads, rows, "There is no budget: nothing limits what is spent.", right=heads[2:])
