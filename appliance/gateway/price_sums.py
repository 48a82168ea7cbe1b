"""One model's use at its unit prices: an exact sum in dollars, and the lines it is made of."""

from decimal import Decimal
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from appliance.gateway.types import ModelPrice, Usage

Source = Literal["override", "catalogue", "simulated", "local", "flat", "estimated", "unpriced"]
MTOK = 1_000_000
NANO = 1_000_000_000
STANDARD = ("", "default", "standard", "auto", "on_demand")


class Line(Struct, frozen=True):
    """`count` at `nano_each` nano-dollars for `per` of them makes `cost_nano`, rounded by itself."""

    label: str
    count: int
    nano_each: int
    cost_nano: int
    per: int = MTOK


class Units(Struct, frozen=True):
    """Dollars for a million tokens at the size, time and tier of a call; `per_1000` for what else is billed."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    per_1000: dict[str, Decimal] = {}


class Found(Struct, frozen=True):
    """A price found for one model: `usd` is exact and None when unpriced; `uncounted` are units without a price."""

    usd: Decimal | None
    source: Source
    matched: str = ""
    version: str = ""
    units: Units | None = None
    tier: str = "standard"
    notes: tuple[str, ...] = ()
    uncounted: tuple[str, ...] = ()


def own(price: ModelPrice, usage: Usage, tier: str, source: Source, model: str, version: str) -> Found:
    """By unit prices that somebody set."""
    notes = []
    known = tier in price.tiers
    if not known and tier not in STANDARD:
        notes.append(f"No price is set for tier {tier}: standard price.")
    chosen = price.tiers[tier] if known else price
    if chosen.above and chosen.above_tokens is not None and usage.input_total > chosen.above_tokens:
        chosen = chosen.above
    if (usage.cache_write_5m or usage.cache_write_1h) and chosen.cache_write_5m_usd_per_mtok is None:
        notes.append("No price is set for writing to the cache: the price of input.")
    units = _units(chosen, price)
    missing = tuple(name for name in usage.units if name not in units.per_1000)
    shown = tier if known else "standard"
    return Found(total(units, usage), source, model, version, units, shown, tuple(notes), missing)


def lines(found: Found, usage: Usage, of: str = "") -> list[Line]:
    """Every line with something in it; `of` names the model where there are several."""
    if found.units is None:
        return []
    named = f", {of}" if of else ""
    return [
        Line(f"{label}{named}", count, nano(each), nano(each * count / per), per)
        for label, count, each, per in _counted(found.units, usage)
        if count
    ]


@lru_cache(2000)
def nano(usd: Decimal) -> int:
    """Rounded once, half to even."""
    return int((usd * NANO).to_integral_value())


def total(units: Units, usage: Usage) -> Decimal:
    """Exact, in dollars."""
    return sum([each * count / per for _, count, each, per in _counted(units, usage) if count], Decimal(0))


def _counted(units: Units, usage: Usage) -> list[tuple[str, int, Decimal, int]]:
    """A list: giving them out one by one takes twice as long."""
    written = usage.cache_write_5m + usage.cache_write_1h
    found = [
        ("Input", usage.input_total - usage.cache_read - written, units.input, MTOK),
        ("Input from the cache", usage.cache_read, units.cache_read, MTOK),
        ("Input written to the cache for 5 minutes", usage.cache_write_5m, units.cache_write_5m, MTOK),
        ("Input written to the cache for an hour", usage.cache_write_1h, units.cache_write_1h, MTOK),
        ("Output", usage.output_total, units.output, MTOK),
    ]
    for name, count in usage.units.items():
        if name in units.per_1000:
            found.append((name.replace("_", " ").capitalize(), count, units.per_1000[name], 1000))
    return found


def _units(price: ModelPrice, whole: ModelPrice) -> Units:
    plain = price.input_usd_per_mtok
    minutes = _or(price.cache_write_5m_usd_per_mtok, plain)
    return Units(
        plain,
        price.output_usd_per_mtok,
        _or(price.cache_read_usd_per_mtok, plain),
        minutes,
        _or(price.cache_write_1h_usd_per_mtok, minutes),
        whole.units_usd_per_1000 | price.units_usd_per_1000,
    )


def _or(price: Decimal | None, other: Decimal) -> Decimal:
    return other if price is None else price
