"""`agenthq budget`: limits that stop the next call before it is sent."""

from typing import Any

import click

from appliance.cli.command import decoded, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, listing, money, table
from appliance.db.database import Database
from appliance.domain import budgets, limits, scope_names
from appliance.domain.budget_forms import BudgetChange, Extra, NewBudget
from appliance.domain.budgets import ACTIONS, Budget
from appliance.domain.scopes import SCOPES
from appliance.domain.windows import SPANS
from appliance.errors import not_found


@click.group()
def budget() -> None:
    """Budgets: limits that stop the next call before it is sent."""


scope_option = click.option("--scope", type=click.Choice(SCOPES), default="tenant", show_default=True)
of_option = click.option(
    "--of",
    "scope_id",
    default="",
    metavar="WHICH",
    help="Name of an account, model or project, slug of an agent, number of a task, id of a key, run or session.",
)
confirm_option = click.option("--confirm", is_flag=True, help="Yes, an amount that far above the old one.")
span_option = click.option("--span", type=click.Choice(SPANS), default="month", show_default=True)


@verb(
    "agenthq budget set 25",
    "agenthq budget set 2.50 --span day --scope agent --of mara",
    "agenthq budget set 20 --span 5h --scope model --of claude-opus-4-8 --action downgrade --to claude-haiku-4-5",
    "agenthq budget set none --span day --scope agent --of mara",
    into=budget,
    name="set",
)
@click.argument("usd")
@scope_option
@of_option
@span_option
@click.option(
    "--action", type=click.Choice(ACTIONS), default="pause", help="At the limit: refuse and ask, or only refuse."
)
@click.option("--to", "downgrade_to", default="", metavar="MODEL", help="With downgrade: the model from 80 % on.")
@click.option("--strict", is_flag=True, help="Hold the most a call could cost; cut what goes beyond.")
@confirm_option
@tenant_option
def set_(desk: Desk, tenant: str | None, usd: str, **given: Any) -> Shown:
    """Limit spending to USD: 0 stops, 'none' removes the limit."""
    with desk.room(tenant) as room:
        if usd != "none":
            made = limits.create(room.db, CLI, decoded(NewBudget, given | {"limit_usd": usd}))
            return Shown(made, _table([made]))
        found = _one(room.db, given["scope"], given["scope_id"], given["span"])
        limits.change(room.db, CLI, found.id, BudgetChange(None))
    return Shown({"id": found.id, "state": "removed"}, "The limit is removed.")


@verb(
    "agenthq budget raise 5",
    "agenthq budget raise 0.50 --scope task --of 12 --span lifetime",
    into=budget,
    name="raise",
)
@click.argument("usd")
@scope_option
@of_option
@span_option
@confirm_option
@tenant_option
def raise_(desk: Desk, usd: str, scope: str, scope_id: str, span: str, confirm: bool, tenant: str | None) -> Shown:
    """Allow USD more once, until the span ends; the limit stays."""
    with desk.room(tenant) as room:
        found = _one(room.db, scope, scope_id, span)
        raised = limits.allow_once(room.db, CLI, found.id, Extra(usd, confirm))
    return Shown(raised, _table([raised]))


@verb(
    "agenthq budget reset --scope agent --of mara --span day",
    into=budget,
)
@scope_option
@of_option
@span_option
@tenant_option
def reset(desk: Desk, scope: str, scope_id: str, span: str, tenant: str | None) -> Shown:
    """Count from nought again in the current span; the ledger keeps everything, and the log who did it."""
    with desk.room(tenant) as room:
        found = limits.reset(room.db, CLI, _one(room.db, scope, scope_id, span).id)
    return Shown(found, _table([found]))


@verb("agenthq budget list", into=budget, name="list")
@tenant_option
def list_(desk: Desk, tenant: str | None) -> Shown:
    """Limits, what is spent in the current span, and what calls in flight hold."""
    with desk.room(tenant) as room:
        found = budgets.all(room.db)
    return listing(found, _table(found))


def _one(db: Database, scope: str, ref: str, span: str) -> Budget:
    """Raises Problem(not_found)."""
    found = [b for b in budgets.of(db, scope, scope_names.found(db, scope, ref)) if b.span == span]
    if not found:
        raise not_found("budget")
    return found[0]


def _table(found: list[Budget]) -> str:
    rows = [
        (
            b.scope_name or (b.scope if b.scope == "tenant" else f"{b.scope} {b.scope_id}"),
            b.span,
            money(b.allowed_nano),
            money(b.spent_nano),
            money(b.reserved_nano),
            money(max(b.left_nano, 0)),
        )
        for b in found
    ]
    heads = ("budget", "span", "limit", "spent", "held", "left")
    return table(heads, rows, "There is no budget: nothing limits what is spent.", right=heads[2:])
