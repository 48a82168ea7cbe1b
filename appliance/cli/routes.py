"""`agenthq route`: names that stand for several models."""

from typing import Any

import click

from appliance.cli.command import decoded, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, listing, money, table
from appliance.domain import routes
from appliance.domain.model_facts import NEEDS
from appliance.domain.route_forms import STRATEGIES, NewRoute
from appliance.domain.routes import Plan, Route, Want
from appliance.errors import Problem


@click.group()
def route() -> None:
    """Routes: a name for several models; the next takes over when one fails."""


@verb(
    "agenthq route set house --target OpenAI/gpt-5-mini --target Anthropic/claude-haiku-4-5",
    "agenthq route set cheap --strategy cheapest --target Lab/qwen3 --target OpenAI/gpt-5-mini",
    "agenthq route set shared --strategy weighted --target One/m=3 --target Two/m",
    into=route,
    name="set",
)
@click.argument("name")
@click.option("--target", "targets", multiple=True, required=True, metavar="ACCOUNT/MODEL[=WEIGHT]", help="In order.")
@click.option("--strategy", type=click.Choice(STRATEGIES), default="fixed", show_default=True)
@click.option("--sticky/--no-sticky", default=True, show_default=True, help="Whether a session stays with its target.")
@tenant_option
def set_(desk: Desk, name: str, targets: tuple[str, ...], strategy: str, sticky: bool, tenant: str | None) -> Shown:
    """Make a route, or make the one of this name anew."""
    given = {"name": name, "targets": [_target(text) for text in targets], "strategy": strategy, "sticky": sticky}
    with desk.room(tenant) as room:
        made = routes.put(room.db, CLI, decoded(NewRoute, given))
    return Shown(made, f"{made.name} leads to {_names(made)}. Agents and tools ask for it like a model.")


@verb("agenthq route list", into=route, name="list")
@tenant_option
def list_(desk: Desk, tenant: str | None) -> Shown:
    """Routes with their targets in order."""
    with desk.room(tenant) as room:
        found = routes.every(room.db)
    rows = [(one.name, one.strategy, "stay" if one.sticky else "move", _names(one)) for one in found]
    return listing(found, table(("route", "strategy", "sessions", "targets"), rows, "There is no route yet."))


@verb("agenthq route remove house", into=route)
@click.argument("name")
@tenant_option
def remove(desk: Desk, name: str, tenant: str | None) -> Shown:
    """Remove a route; who asks for it hears that nothing serves it."""
    with desk.room(tenant) as room:
        routes.remove(room.db, CLI, name)
    return Shown({"name": name, "state": "removed"}, f"{name} is removed.")


@verb("agenthq route test house --need tools --input 20000", "agenthq route test gpt-5-mini", into=route)
@click.argument("model")
@click.option(
    "--need", "needs", multiple=True, type=click.Choice(NEEDS), help="What the answer takes; may be repeated."
)
@click.option("--input", "input_tokens", type=click.IntRange(0), default=2000, show_default=True, help="Tokens in.")
@click.option("--output", "output_tokens", type=click.IntRange(0), default=1000, show_default=True, help="Tokens out.")
@click.option("--task-kind", default="", help="The kind of work it belongs to.")
@tenant_option
def test(desk: Desk, model: str, needs: tuple[str, ...], tenant: str | None, **sizes: Any) -> Shown:
    """Where a request would go now, and why; nothing is sent."""
    with desk.room(tenant) as room:
        plan = routes.look(room.db, Want(model, frozenset(needs), **sizes), desk.calls.known.at(room.db))
    data = plan.decision | {"route": plan.alias, "targets": [one.name for one in plan.targets]}
    return Shown(data, f"{plan.first.name}: {plan.decision['why']}.\n\n{_candidates(plan)}")


def _target(text: str) -> dict[str, Any]:
    """ACCOUNT/MODEL, or ACCOUNT/MODEL=WEIGHT."""
    place, equals, weight = text.rpartition("=")
    if not equals or not weight.isdecimal():
        place, weight = text, "1"
    account, slash, model = place.partition("/")
    if not (account and slash and model):
        raise Problem("usage", f"'{text}' is not ACCOUNT/MODEL or ACCOUNT/MODEL=WEIGHT, such as OpenAI/gpt-5-mini=3.")
    return {"account": account, "model": model, "weight": int(weight)}


def _names(found: Route) -> str:
    return ", ".join(f"{one.provider_name}/{one.model}" for one in found.targets)


def _candidates(plan: Plan) -> str:
    rows = [(one["target"], one["protocol"], _price(one), _verdict(one)) for one in plan.decision["candidates"]]
    return table(("target", "protocol", "estimate", "verdict"), rows, "")


def _price(one: dict[str, Any]) -> str:
    return "no price" if one["nano_estimate"] is None else money(one["nano_estimate"])


def _verdict(one: dict[str, Any]) -> str:
    if one["against"]:
        return str(one["against"])
    if not one["healthy"]:
        return "rests after failures"
    return f"not known: {', '.join(one['unknown'])}" if one["unknown"] else "fit"
