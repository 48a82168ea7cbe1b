"""What people can say about a price, and which prices look like a slip of the hand."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from appliance import clock
from appliance.errors import invalid

DEAREST = 100_000
LARGE = 1_000
JUMP = 100
_FIELDS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


class UnitPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """US dollars for a million tokens, of units for a thousand. A cache costs what input costs where it has no price.

    `tiers` are the prices of service tiers as answers name them (flex, priority, batch); `above` holds for the whole
    call once its input is larger than `above_tokens`.
    """

    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_5m_usd_per_mtok: Decimal | None = None
    cache_write_1h_usd_per_mtok: Decimal | None = None
    units_usd_per_1000: dict[str, Decimal] = {}
    tiers: dict[str, "UnitPrices"] = {}
    above_tokens: int | None = None
    above: "UnitPrices | None" = None


class NewPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`starts` and `ends` are days or times in UTC; without them the price holds for all time.

    `confirm` says that a price above $1,000, or a hundred times (or a hundredth of) the one so far, is meant.
    """

    model: str
    prices: UnitPrices
    starts: str = ""
    ends: str = ""
    note: str = ""
    confirm: bool = False


def moment(text: str, field: str) -> str:
    """A day (its first moment in UTC) or a time as ISO text; "" stays. Raises Problem(invalid)."""
    if not text.strip():
        return ""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise invalid(**{field: "give a day, for example 2026-11-01"}) from None
    return clock.iso(found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC))


def faults(prices: UnitPrices, inner: bool = False) -> dict[str, str]:
    """What is wrong, by field."""
    wrong = {}
    for name in _FIELDS:
        amount = getattr(prices, f"{name}_usd_per_mtok")
        if amount is not None and not _plausible(amount):
            wrong[f"{name}_usd_per_mtok"] = f"give dollars for a million tokens, from 0 to {DEAREST:,}"
    if not all(_plausible(amount) for amount in prices.units_usd_per_1000.values()):
        wrong["units_usd_per_1000"] = f"give dollars for a thousand, from 0 to {DEAREST:,}"
    if (prices.above is None) != (prices.above_tokens is None) or (prices.above_tokens or 1) < 1:
        wrong["above"] = "give the prices together with the number of tokens above which they hold"
    nested = [*prices.tiers.values(), *([prices.above] if prices.above else [])]
    if any(one.tiers or (inner and one.above) or faults(one, inner=True) for one in nested):
        wrong["tiers"] = "give plain prices in dollars for each tier"
    return wrong


def absurd(before: tuple[Decimal | None, Decimal | None], prices: UnitPrices) -> str:
    """Why a price of input or output looks like a slip of the hand; "" when it does not."""
    named = (("input", before[0], prices.input_usd_per_mtok), ("output", before[1], prices.output_usd_per_mtok))
    for name, old, new in named:
        if new > LARGE:
            return f"${new:,f} for a million tokens of {name} is more than ${LARGE:,}"
        if old and new and (new >= JUMP * old or new * JUMP <= old):
            return f"${new:,f} for a million tokens of {name} is far from the ${old.normalize():,f} so far"
    return ""


def _plausible(amount: Decimal) -> bool:
    return amount.is_finite() and 0 <= amount <= DEAREST
