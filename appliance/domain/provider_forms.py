"""What people may say about a provider account, and what of it is refused."""

import msgspec

from appliance.errors import invalid

KINDS = ("openai-compatible", "openai", "anthropic", "anthropic-compatible", "ollama", "simulated")
NEEDS_SECRET = ("openai", "anthropic")
BILLINGS = ("", "metered", "local", "flat")
PACES = ("instant", "real")
DEAREST = 100_000


class ModelPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars for a million tokens."""

    input_usd_per_mtok: float
    output_usd_per_mtok: float
    cache_read_usd_per_mtok: float | None = None


class NewProvider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    kind: str
    base_url: str = ""
    secret: str = ""
    models: list[str] = []
    prices: dict[str, ModelPrice] = {}
    billing: str = ""
    pace: str = "instant"
    seed: int = 0
    max_concurrency: int | None = None


class ProviderChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields left out stay as they are; an empty secret keeps the old one."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    base_url: str | msgspec.UnsetType = msgspec.UNSET
    secret: str = ""
    models: list[str] | msgspec.UnsetType = msgspec.UNSET
    prices: dict[str, ModelPrice] | msgspec.UnsetType = msgspec.UNSET
    paused: bool | msgspec.UnsetType = msgspec.UNSET
    pace: str | msgspec.UnsetType = msgspec.UNSET
    max_concurrency: int | None | msgspec.UnsetType = msgspec.UNSET


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


def named_once(models: list[str]) -> list[str]:
    return list(dict.fromkeys(model.strip() for model in models if model.strip()))
