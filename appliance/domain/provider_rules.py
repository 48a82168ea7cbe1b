"""What is refused of what people say about a provider account."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from appliance.domain.actor import Actor
from appliance.domain.model_facts import Facts
from appliance.domain.provider_forms import KINDS, ModelPrice
from appliance.errors import invalid

NEEDS_SECRET = ("openai", "anthropic")
BILLINGS = ("", "metered", "local", "flat")
PACES = ("instant", "real")
DEAREST = 100_000
HEAVIEST = 1000
MOST_TOKENS = 1_000_000_000


def check(name: str, kind: str, url: str, secret: str) -> None:
    faults = {}
    if not name.strip() or "/" in name or len(name) > 60:
        faults["name"] = "give a name of at most 60 characters without a slash"
    if kind not in KINDS:
        faults["kind"] = f"use one of {', '.join(KINDS)}"
    elif kind != "simulated" and not url.startswith(("http://", "https://")):
        faults["base_url"] = "give the address, starting with http:// or https://"
    elif "@" in url.partition("://")[2].partition("/")[0]:
        faults["base_url"] = "leave name and password out of the address; the key has its own field"
    if kind in NEEDS_SECRET and not secret.strip():
        faults["secret"] = "paste the provider's API key"
    if faults:
        raise invalid(**faults)


def check_use(billing: str, pace: str, prices: dict[str, ModelPrice]) -> None:
    faults = {}
    if billing not in BILLINGS:
        faults["billing"] = "use metered, local or flat"
    if pace not in PACES:
        faults["pace"] = "use instant or real"
    amounts = [amount for price in prices.values() for amount in msgspec.structs.astuple(price) if amount is not None]
    if not all(0 <= amount <= DEAREST for amount in amounts):
        faults["prices"] = f"give dollars for a million tokens, from 0 to {DEAREST:,}"
    if faults:
        raise invalid(**faults)


def check_concurrency(most: int | None) -> None:
    """Raises Problem(invalid) for anything but None and 1 to 1,000 runs."""
    if most is not None and not 1 <= most <= 1000:
        raise invalid(max_concurrency="give a number of runs from 1 to 1,000, or nothing")


def check_routing(weight: int, facts: dict[str, Facts]) -> None:
    faults = {}
    if not 1 <= weight <= HEAVIEST:
        faults["weight"] = f"give a number from 1 to {HEAVIEST:,}"
    sizes = [size for one in facts.values() for size in (one.context, one.output) if size is not None]
    if not all(1 <= size <= MOST_TOKENS for size in sizes):
        faults["facts"] = "give sizes in tokens, from 1 up, or nothing"
    if faults:
        raise invalid(**faults)


def private(actor: Actor, url: str, asked: bool | None, before: bool = False) -> bool:
    """Whether calls may go to addresses that are not public. Raises Problem(forbidden) below an owner."""
    wanted = leads_inside(url) if asked is None else asked
    if wanted and not before:
        actor.need("owner")
    return wanted


def leads_inside(url: str) -> bool:
    """True for an address that says so itself; where a name leads is only known when it is called."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ip_address(host.partition("%")[0]).is_global
    except ValueError:
        return False


def named_once(models: list[str]) -> list[str]:
    return list(dict.fromkeys(model.strip() for model in models if model.strip()))
