"""`agenthq stop`: the kill switch, and how much may go on at a time."""

from typing import Any

import click

from appliance.cli.command import decoded, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, listing, table
from appliance.domain import rates, scope_names, stops
from appliance.domain.rates import NewRates
from appliance.domain.stops import NewStop


@click.group()
def stop() -> None:
    """The kill switch: what is stopped is not sent, and answers under way end within a second."""


scope_option = click.option("--scope", type=click.Choice(stops.KINDS), default="tenant", show_default=True)
of_option = click.option(
    "--of", "scope_id", default="", metavar="WHICH", help="Id of a key, name of an account, name of a model."
)


@verb("agenthq stop now --note 'a loop in the nightly job'", "agenthq stop now --scope key --of 0193a1c2-…", into=stop)
@scope_option
@of_option
@click.option("--note", default="", help="Why; whoever is refused reads it.")
@tenant_option
def now(desk: Desk, tenant: str | None, **given: Any) -> Shown:
    """Stop all calls of the organisation, a key, an account or a model."""
    with desk.room(tenant) as room:
        made = stops.put(room.db, CLI, decoded(NewStop, given))
    return Shown(made, f"Stopped: {made.scope} {made.scope_id}".rstrip() + ".")


@verb("agenthq stop release --scope model --of claude-opus-4-8", into=stop)
@scope_option
@of_option
@tenant_option
def release(desk: Desk, tenant: str | None, scope: str, scope_id: str) -> Shown:
    """Let it go on."""
    with desk.room(tenant) as room:
        on = scope_names.found(room.db, scope, scope_id)
        stops.release(room.db, CLI, scope, on)
    return Shown({"scope": scope, "scope_id": on, "state": "released"}, "It goes on.")


@verb("agenthq stop list", into=stop, name="list")
@tenant_option
def list_(desk: Desk, tenant: str | None) -> Shown:
    """What is stopped, by whom and why."""
    with desk.room(tenant) as room:
        found = stops.all(room.db)
    rows = [(s.scope, s.scope_id, s.stopped_by, ago(s.stopped_at), s.note) for s in found]
    return listing(found, table(("scope", "which", "by", "since", "why"), rows, "Nothing is stopped."))


@click.group()
def rate() -> None:
    """Limits of requests and tokens a minute, and of calls at the same time; a key has its own."""


@verb(
    "agenthq rate set --requests 600 --tokens 2000000 --parallel 32",
    "agenthq rate set --scope provider --of Main",
    into=rate,
    name="set",
)
@click.option("--scope", type=click.Choice(("tenant", "provider")), default="tenant", show_default=True)
@click.option("--of", "scope_id", default="", metavar="ACCOUNT", help="Name of an account.")
@click.option("--requests", type=int, help="Requests a minute.")
@click.option("--tokens", type=int, help="Tokens a minute.")
@click.option("--parallel", type=int, help="Calls at the same time.")
@tenant_option
def set_(desk: Desk, tenant: str | None, **given: Any) -> Shown:
    """Set the limits of the organisation or an account; without any of the three it has none."""
    with desk.room(tenant) as room:
        made = rates.put(room.db, CLI, decoded(NewRates, given))
    return Shown(made, _table([made]))


@verb("agenthq rate list", into=rate, name="list")
@tenant_option
def rates_(desk: Desk, tenant: str | None) -> Shown:
    """The limits of the organisation and its accounts."""
    with desk.room(tenant) as room:
        found = rates.all(room.db)
    return listing(found, _table(found))


def _table(found: list[rates.Rates]) -> str:
    rows = [(r.scope, r.scope_id, r.requests, r.tokens, r.parallel) for r in found]
    heads = ("scope", "which", "requests/min", "tokens/min", "parallel")
    return table(heads, rows, "There is no limit.", right=heads[2:])
