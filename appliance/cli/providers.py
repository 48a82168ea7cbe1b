"""`agenthq provider`: accounts at LLM providers."""

from typing import Any

import click
import msgspec

from appliance.cli.command import decoded, secret_from, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, listing, table
from appliance.domain import providers, routes
from appliance.domain.provider_forms import KINDS, NewProvider, ProviderChange
from appliance.domain.provider_rules import NEEDS_SECRET
from appliance.domain.providers import Provider
from appliance.errors import Problem


@click.group()
def provider() -> None:
    """Provider accounts: a credential and an address for one LLM provider."""


@verb(
    "agenthq provider add --kind openai --name OpenAI --key-stdin < key.txt",
    "agenthq provider add --kind ollama --name Ollama --model llama3.2",
    "agenthq provider add --kind openai-compatible --name v --base-url http://127.0.0.1:8000/v1 --price qwen3=0.1/0.3",
    "agenthq provider add --kind simulated --name Simulated",
    into=provider,
)
@click.option("--kind", type=click.Choice(KINDS), required=True)
@click.option("--name", required=True, help="Agents may write it before a model: NAME/MODEL.")
@click.option("--base-url", metavar="URL", help="Where the API is; known for openai, anthropic and ollama.")
@click.option("--key-stdin", is_flag=True, help="Read the provider's API key from standard input.")
@click.option("--model", "models", multiple=True, help="A model it serves; may be repeated. A test fills in the rest.")
@click.option("--price", "prices", multiple=True, metavar="MODEL=IN/OUT", help="Dollars for a million tokens.")
@click.option("--pace", type=click.Choice(["instant", "real"]), help="How fast a simulated provider answers.")
@click.option("--max-concurrency", type=int, metavar="N", help="Runs that use it at the same time.")
@click.option("--seed", type=int, help="Another seed, other simulated answers.")
@click.option("--private/--public", default=None, help="May lead to private addresses; 127.0.0.1 says so by itself.")
@click.option("--billing", type=click.Choice(["metered", "flat", "local"]), help="Who pays for a call.")
@tenant_option
def add(desk: Desk, tenant: str | None, key_stdin: bool, prices: tuple[str, ...], **given: Any) -> Shown:
    """Add an account. The key is stored sealed and never shown again."""
    asked = key_stdin or given["kind"] in NEEDS_SECRET
    given["secret"] = secret_from(key_stdin, "API key") if asked else ""
    priced = dict(map(_price, prices))
    new = decoded(NewProvider, {**given, "prices": priced, "models": [*given["models"], *priced]})
    with desk.room(tenant) as room:
        made = providers.add(room.db, CLI, desk.vault, new)
    return Shown(made, f"{made.name} is added. Try it with: agenthq provider test {_quoted(made.name)}")


@verb("agenthq provider list", into=provider, name="list")
@tenant_option
def list_(desk: Desk, tenant: str | None) -> Shown:
    """Accounts, their models and how their last test went."""
    with desk.room(tenant) as room:
        found = providers.all(room.db)
    rows = [(p.name, p.kind, p.base_url, _key(p), _models(p), _tested(p)) for p in found]
    text = table(("account", "kind", "address", "key", "models", "test"), rows, "There is no provider account yet.")
    return listing(found, text)


@verb("agenthq provider test OpenAI", into=provider)
@click.argument("name")
@tenant_option
def test(desk: Desk, name: str, tenant: str | None) -> Shown:
    """Ask the provider for its models: free, and it needs a valid key and address."""
    with desk.room(tenant) as room:
        found, result = desk.calls.accounts.test(room.db, CLI, name)
    if not result.ok:
        raise Problem("provider_failed", f"{found.name}: {found.test_detail}")
    more = "" if found.models else f" Name one: agenthq provider change {_quoted(found.name)} --model NAME"
    return Shown(found, f"{found.name}: {found.test_detail}{more}")


@verb("agenthq provider limit OpenAI 4", "agenthq provider limit OpenAI 0", into=provider)
@click.argument("name")
@click.argument("runs", type=click.IntRange(0))
@tenant_option
def limit(desk: Desk, name: str, runs: int, tenant: str | None) -> Shown:
    """How many runs use the account at the same time; 0 for any number of them."""
    wanted = ProviderChange(max_concurrency=runs or None)
    with desk.room(tenant) as room:
        found = providers.change(room.db, CLI, desk.vault, name, wanted)
    return Shown(found, f"{found.name}: {found.max_concurrency or 'any number of'} runs at the same time.")


@verb(
    "agenthq provider change Lab --private --weight 3",
    "agenthq provider change Plan --billing flat",
    "agenthq provider change Lab --model qwen3 --price qwen3=0.1/0.3",
    into=provider,
)
@click.argument("name")
@click.option("--model", "models", multiple=True, help="One more model that it serves; may be repeated.")
@click.option("--price", "prices", multiple=True, metavar="MODEL=IN/OUT", help="Dollars for a million tokens.")
@click.option("--weight", type=int, metavar="N", help="Its share on routes by weight; the heavier goes first.")
@click.option("--private/--public", default=None, help="May be called at addresses that are not public.")
@click.option("--only-listed/--any-model", default=None, help="Take only the models that the account names.")
@click.option("--stream-options/--no-stream-options", default=None, help="Whether its server takes that field.")
@click.option("--billing", type=click.Choice(["metered", "flat", "local"]), help="Who pays for a call.")
@tenant_option
def change(
    desk: Desk, name: str, tenant: str | None, models: tuple[str, ...], prices: tuple[str, ...], **given: Any
) -> Shown:
    """Change how an account is used."""
    priced = dict(map(_price, prices))
    wanted = decoded(ProviderChange, {**given, "prices": priced})
    with desk.room(tenant) as room:
        known = providers.get(room.db, name)
        served = [*known.models, *models, *priced]
        wanted = msgspec.structs.replace(wanted, models=served, prices=known.prices | (wanted.prices or {}))
        found = providers.change(room.db, CLI, desk.vault, name, wanted)
    where = "private addresses too" if found.private else "public addresses only"
    return Shown(found, f"{found.name}: weight {found.weight}, {found.billing}, {where}.")


@verb("agenthq provider back OpenAI", into=provider)
@click.argument("name")
@tenant_option
def back(desk: Desk, name: str, tenant: str | None) -> Shown:
    """Let calls go to an account again that refused its key or had no credit."""
    with desk.room(tenant) as room:
        found = routes.bring_back(room.db, CLI, name)
    return Shown(found, f"Calls go to {found.name} again.")


@verb("agenthq provider remove OpenAI", into=provider)
@click.argument("name")
@tenant_option
def remove(desk: Desk, name: str, tenant: str | None) -> Shown:
    """Remove an account and its key; past calls keep their cost."""
    with desk.room(tenant) as room:
        providers.remove(room.db, CLI, name)
    return Shown({"name": name, "state": "removed"}, f"{name} is removed.")


def _price(text: str) -> tuple[str, dict[str, float]]:
    """MODEL=IN/OUT or MODEL=IN/OUT/CACHED."""
    model, _, amounts = text.rpartition("=")
    fields = ("input_usd_per_mtok", "output_usd_per_mtok", "cache_read_usd_per_mtok")
    try:
        given = [float(amount) for amount in amounts.split("/")]
    except ValueError:
        given = []
    if not model or len(given) not in (2, 3):
        raise Problem("usage", f"'{text}' is not MODEL=IN/OUT in dollars for a million tokens, such as qwen3=0.1/0.3.")
    return model, dict(zip(fields, given, strict=False))


def _quoted(name: str) -> str:
    return f"'{name}'" if " " in name else name


def _key(found: Provider) -> str:
    if not found.secret_fingerprint:
        return "none"
    return f"…{found.secret_hint}" if found.secret_hint else "set"


def _models(found: Provider) -> str:
    return ", ".join(found.models[:3]) + (f" and {len(found.models) - 3} more" if len(found.models) > 3 else "")


def _tested(found: Provider) -> str:
    if found.out_at:
        return "out"
    if found.test_ok is None:
        return "not yet"
    return f"{'ok' if found.test_ok else 'failed'} {ago(found.tested_at)}"
