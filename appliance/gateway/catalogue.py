"""The pinned offline price list (genai-prices), and the traps of asking it.

It answers an unknown context with the standard price, calls models without any price free, finds a model by the
beginning of its name, and wants the total of input with its cached parts inside.
"""

from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from types import ModuleType
from typing import Any, NamedTuple

from appliance.gateway.price_sums import STANDARD, Found, Units, total
from appliance.gateway.types import Account, Usage

_PLAIN = frozenset(
    f"{name}_mtok" for name in ("input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h")
)
_PROVIDERS = {"anthropic": "anthropic", "openai": "openai"}
# By the identity of a price, which is kept beside so that nothing else takes its place.
_kept: dict[int, tuple[Any, tuple[bool, Units | None]]] = {}
MOST_KEPT = 500
MOST_NAMES = 2000


class _Entry(NamedTuple):
    """What the catalogue has under a name. `context` is what decides between its prices, `tier` the one they are of."""

    listed: Any
    context: dict[str, str] | None
    tier: str
    version: str
    notes: tuple[str, ...]


@cache
def load() -> ModuleType:
    """About 0.2 s the first time; safe from any thread."""
    import genai_prices.data_units  # noqa: PLC0415  its data takes 0.2 s to import, which no start should wait for

    return genai_prices


def find(account: Account, model: str, usage: Usage, at: datetime, tier: str) -> Found:
    book = load()
    try:
        listed, context, shown, version, notes = _entry(account.kind, account.base_url, model, tier)
        price = listed.get_prices(at, context)
        plain, units = _read(price, usage.input_total)
        if units is None or (price.output_mtok is None and usage.output_total):
            # The catalogue lists some models without any price and would call them free.
            lacking = f"The catalogue has no token price for {model}."
            return Found(None, "unpriced", listed.id, notes=(lacking,))
        usd = total(units, usage) if plain else price.calc_price(_counted(book, usage))["total_price"]
    except LookupError:
        return Found(None, "unpriced", notes=(f"No price is known for {model}.",))
    except ValueError as fault:
        return Found(None, "unpriced", notes=(f"The reported usage contradicts itself: {fault}",))
    uncounted = tuple([name for name in usage.units if name not in units.per_1000])
    return Found(usd, "catalogue", listed.id, version, units, shown, notes, uncounted)


@lru_cache(MOST_NAMES)
def _entry(kind: str, base_url: str, model: str, tier: str) -> _Entry:
    """Half the time of a price, and nothing in it changes while the process runs. Raises LookupError."""
    book, context = load(), _context(tier)
    provider, listed, by_name = _look_up(book, kind, base_url, model)
    known = any(variant.when == context for variant in listed.price_variants or ())
    # As the catalogue does: a context counts only for a provider's own models.
    own = context and listed.price_variants and any(listed is model for model in provider.models)
    shown = tier if known and tier not in STANDARD else "standard"
    notes = tuple(_notes(provider, listed, model, tier, known, by_name))
    return _Entry(listed, context if own else None, shown, f"genai-prices {book.__version__}", notes)


def _notes(provider: Any, listed: Any, model: str, tier: str, known: bool, by_name: bool) -> list[str]:
    notes = []
    if by_name:
        notes.append(f"Priced as {provider.id}'s {listed.id}, by the model's name.")
    elif listed.id != model:
        notes.append(f"Priced as {listed.id}, the entry that {model} falls under.")
    if not known and tier not in STANDARD:
        notes.append(f"No price is known for tier {tier}: standard price.")
    return notes


def _look_up(book: ModuleType, kind: str, base_url: str, model: str) -> tuple[Any, Any, bool]:
    """Provider and model, and whether the provider had to be guessed from the model's name."""
    found = book.data_snapshot.get_snapshot().find_provider_model
    if known := _PROVIDERS.get(kind):
        return (*found(model, None, known, None), False)
    if base_url and _is_known_address(book, base_url):
        return (*found(model, None, None, base_url), False)
    return (*found(model, None, None, None), True)


def _read(price: Any, size: int) -> tuple[bool, Units | None]:
    """Whether it `_is_plain`, and its `_units`; kept where the size does not matter, for that is most of the work."""
    kept = _kept.get(id(price))
    if kept and kept[0] is price:
        return kept[1]
    found = _is_plain(price), _units(price, size)
    if all(each is None or isinstance(each, Decimal) for each in vars(price).values()):
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[id(price)] = (price, found)
    return found


def _is_plain(price: Any) -> bool:
    """Whether tokens at unit prices are the whole sum: much faster, and the same to the digit."""
    return all(name in _PLAIN or name in _per_1000_keys() for name, each in vars(price).items() if each is not None)


@cache
def _is_known_address(book: ModuleType, url: str) -> bool:
    try:
        book.data_snapshot.get_snapshot().find_provider(None, None, url)
    except LookupError:
        return False
    return True


def _counted(book: ModuleType, usage: Usage) -> Any:
    """Writes to the cache split by their lifetime; units that the catalogue has a name for."""
    return book.Usage(
        input_tokens=usage.input_total,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write_5m + usage.cache_write_1h,
        cache_write_5m_tokens=usage.cache_write_5m,
        cache_write_1h_tokens=usage.cache_write_1h,
        output_tokens=usage.output_total,
        output_reasoning_tokens=usage.reasoning,
        **{name: count for name, count in usage.units.items() if name in _unit_keys()},
    )


@cache
def _unit_keys() -> dict[str, str]:
    """What the catalogue bills by the thousand: the name in a usage → the name in a price."""
    units = load().data_units.unit_data.items()
    return {name: unit["price_key"] for name, unit in units if unit["per"] == 1000 and name != "requests"}


@cache
def _per_1000_keys() -> frozenset[str]:
    return frozenset(_unit_keys().values())


def _context(tier: str) -> dict[str, str] | None:
    """Batch is not a service tier for the catalogue; asked the wrong way it answers with the standard price."""
    if not tier:
        return None
    return {"processing": "batch"} if tier == "batch" else {"service_tier": tier}


def _units(price: Any, size: int) -> Units | None:
    """The unit prices for an input of this size; None for a model without a price of input."""
    plain = _unit(price, "input_mtok", size)
    if plain is None:
        return None
    written = _first(_unit(price, "cache_write_mtok", size), plain)
    given = vars(price)
    per_1000 = {name: _unit(price, key, size) for name, key in _unit_keys().items() if key in given}
    return Units(
        plain,
        _first(_unit(price, "output_mtok", size), Decimal(0)),
        _first(_unit(price, "cache_read_mtok", size), plain),
        _first(_unit(price, "cache_write_5m_mtok", size), written),
        _first(_unit(price, "cache_write_1h_mtok", size), written),
        {name: each for name, each in per_1000.items() if each is not None},
    )


def _first(found: Decimal | None, other: Decimal) -> Decimal:
    return other if found is None else found


def _unit(price: Any, name: str, size: int) -> Decimal | None:
    found = vars(price).get(name)
    if found is None or isinstance(found, Decimal):
        return found
    chosen: Decimal = next((tier.price for tier in reversed(found.tiers) if size > tier.start), found.base)
    return chosen
