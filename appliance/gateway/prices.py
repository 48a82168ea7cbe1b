"""What a call costs, in whole nano-dollars, from the account's own prices or from a pinned offline catalogue.

Sums are made in Decimal and rounded once, half to even. An unknown price is None, never 0.
"""

from datetime import datetime
from decimal import Decimal
from functools import cache
from types import ModuleType
from typing import Any, Literal

import msgspec
from msgspec import Struct

from appliance.gateway.simulated_models import MODELS
from appliance.gateway.types import DEFAULT_OUTPUT_TOKENS, Account, ChatRequest, ModelPrice, Usage

Source = Literal["override", "catalogue", "simulated", "local", "flat", "unpriced"]

BYTES_PER_TOKEN = 3.2
_MTOK = 1_000_000
_NANO = 1_000_000_000
_STANDARD_TIERS = ("", "default", "standard", "auto", "on_demand")
_PROVIDERS = {"anthropic": "anthropic", "openai": "openai"}


class Price(Struct, frozen=True):
    """The price of one call.

    `cost_nano` is None when unpriced and 0 on a local account or one with a flat fee, where `imputed_nano` is the list
    price of a model of that name. Unit prices are nano-dollars per million tokens at the size and time of this call;
    `note` says what was assumed.
    """

    cost_nano: int | None
    source: Source
    matched_model: str = ""
    price_version: str = ""
    input_nano_per_mtok: int | None = None
    output_nano_per_mtok: int | None = None
    cache_read_nano_per_mtok: int | None = None
    tier: str = "standard"
    imputed_nano: int | None = None
    note: str = ""


class PriceBook:
    def load(self) -> None:
        """Read the catalogue now (about 0.2 s), so that the first call need not; safe from any thread."""
        _catalogue()

    def price(self, account: Account, model: str, usage: Usage | None, at: datetime, tier: str = "") -> Price:
        """`model` and `tier` as the answer reported them; `at` (UTC) decides between prices that change by time."""
        if usage is None:
            return Price(None, "unpriced", note="The provider reported no usage.")
        if own := account.prices.get(model):
            priced = _by_unit_prices(own, usage, "override", model, "account")
            return _in_the_fee(priced) if account.billing == "flat" else priced
        if account.kind == "simulated":
            return _simulated(model, usage)
        listed = _listed(account, model, usage, at, tier)
        if account.billing == "local":
            return msgspec.structs.replace(listed, cost_nano=0, source="local", imputed_nano=listed.cost_nano)
        if account.billing == "flat":
            return _in_the_fee(listed)
        return listed

    def estimate(self, account: Account, request: ChatRequest, at: datetime) -> int | None:
        """Nano-dollars to reserve before sending; None when the model has no price."""
        sent = len(msgspec.json.encode((request.messages, request.tools)))
        answer = min(request.max_tokens or DEFAULT_OUTPUT_TOKENS, DEFAULT_OUTPUT_TOKENS)
        expected = Usage(input_total=int(sent / BYTES_PER_TOKEN) + 1, output_total=answer)
        return self.price(account, request.model, expected, at).cost_nano


@cache
def _catalogue() -> ModuleType:
    import genai_prices  # noqa: PLC0415  its data takes 0.2 s to import, which no start should wait for

    return genai_prices


def _in_the_fee(listed: Price) -> Price:
    return msgspec.structs.replace(listed, cost_nano=0, source="flat", imputed_nano=listed.cost_nano)


def _simulated(model: str, usage: Usage) -> Price:
    if model not in MODELS:
        return Price(None, "unpriced", note=f"There is no simulated model {model}.")
    return _by_unit_prices(MODELS[model].price, usage, "simulated", model, "simulated")


def _by_unit_prices(unit: ModelPrice, usage: Usage, source: Source, model: str, version: str) -> Price:
    cached = unit.input_usd_per_mtok if unit.cache_read_usd_per_mtok is None else unit.cache_read_usd_per_mtok
    total = (
        unit.input_usd_per_mtok * (usage.input_total - usage.cache_read)
        + cached * usage.cache_read
        + unit.output_usd_per_mtok * usage.output_total
    )
    return Price(
        _nano(total / _MTOK),
        source,
        model,
        version,
        _nano(unit.input_usd_per_mtok),
        _nano(unit.output_usd_per_mtok),
        _nano(cached),
    )


def _listed(account: Account, model: str, usage: Usage, at: datetime, tier: str) -> Price:
    book = _catalogue()
    context = _context(tier)
    try:
        found, by_name = _look_up(book, account, model, usage, at, context)
    except LookupError:
        return Price(None, "unpriced", note=f"No price is known for {model}.")
    except ValueError as fault:
        return Price(None, "unpriced", note=f"The reported usage contradicts itself: {fault}")
    size = usage.input_total
    unit = {name: _unit(found.model_price, f"{name}_mtok", size) for name in ("input", "output", "cache_read")}
    # The catalogue lists some models without any price and would call them free.
    if unit["input"] is None or (unit["output"] is None and usage.output_total):
        return Price(None, "unpriced", found.model.id, note=f"The catalogue has no token price for {model}.")
    known_tier = any(variant.when == context for variant in found.model.price_variants or ())
    notes = [
        f"Priced as {found.provider.id}'s {found.model.id}, by the model's name." if by_name else "",
        "" if known_tier or tier in _STANDARD_TIERS else f"No price is known for tier {tier}: standard price.",
    ]
    return Price(
        _nano(found.total_price),
        "catalogue",
        found.model.id,
        f"genai-prices {book.__version__}",
        unit["input"],
        unit["output"],
        unit["cache_read"],
        tier=tier if known_tier and tier not in _STANDARD_TIERS else "standard",
        note=" ".join(note for note in notes if note),
    )


def _look_up(
    book: ModuleType, account: Account, model: str, usage: Usage, at: datetime, context: dict[str, str] | None
) -> tuple[Any, bool]:
    """The catalogue's calculation, and whether the provider had to be guessed from the model's name."""
    counted = _counted(book, usage)
    when = {"genai_request_timestamp": at, "price_context": context}
    if known := _PROVIDERS.get(account.kind):
        return book.calc_price(counted, model, provider_id=known, **when), False
    if account.base_url and _is_known_address(book, account.base_url):
        return book.calc_price(counted, model, provider_api_url=account.base_url, **when), False
    return book.calc_price(counted, model, **when), True


def _is_known_address(book: ModuleType, url: str) -> bool:
    try:
        book.data_snapshot.get_snapshot().find_provider(None, None, url)
    except LookupError:
        return False
    return True


def _counted(book: ModuleType, usage: Usage) -> Any:
    """The catalogue wants the total of input with its cached parts inside, and writes split by their lifetime."""
    return book.Usage(
        input_tokens=usage.input_total,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write_5m + usage.cache_write_1h,
        cache_write_5m_tokens=usage.cache_write_5m,
        cache_write_1h_tokens=usage.cache_write_1h,
        output_tokens=usage.output_total,
    )


def _context(tier: str) -> dict[str, str] | None:
    """Batch is not a service tier for the catalogue; asked the wrong way it answers with the standard price."""
    if not tier:
        return None
    return {"processing": "batch"} if tier == "batch" else {"service_tier": tier}


def _unit(price: Any, name: str, size: int) -> int | None:
    found = getattr(price, name, None)
    if found is None or isinstance(found, Decimal):
        return None if found is None else _nano(found)
    return _nano(next((tier.price for tier in reversed(found.tiers) if size > tier.start), found.base))


def _nano(usd: Decimal) -> int:
    return int((usd * _NANO).to_integral_value())
