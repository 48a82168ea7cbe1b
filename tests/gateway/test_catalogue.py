"""The short way to a price of the catalogue says what the catalogue itself says, for every model in it."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import genai_prices
from genai_prices import data_snapshot

from appliance.gateway.prices import PriceBook
from appliance.gateway.types import Account, Usage

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WHERE = {"anthropic": Account("a", "anthropic"), "openai": Account("a", "openai")}
WHERE |= {"google": Account("a", "openai-compatible", "https://generativelanguage.googleapis.com/v1beta/openai")}
WHERE |= {"deepseek": Account("a", "openai-compatible", "https://api.deepseek.com")}
TIERS = ("", "batch", "flex", "priority")


def drawn(seed: str) -> Usage:
    """Sizes on both sides of the limits of long prompts."""
    pick = random.Random(seed)
    parts = [pick.choice((0, 7, 999, 150_001)) for _ in range(4)]
    units = pick.choice(({}, {"web_searches": pick.randint(1, 9)}))
    return Usage(sum(parts), *parts[:3], output_total=pick.randint(0, 5000), units=units)


def every() -> Iterator[tuple[str, Any]]:
    for provider in data_snapshot.get_snapshot().providers:
        if provider.id in WHERE:
            yield from ((provider.id, model) for model in provider.models)


def asked(provider: str, model: str, usage: Usage, tier: str) -> Decimal:
    context = {"processing": "batch"} if tier == "batch" else {"service_tier": tier} if tier else None
    counted = genai_prices.Usage(
        input_tokens=usage.input_total,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write_5m + usage.cache_write_1h,
        cache_write_5m_tokens=usage.cache_write_5m,
        cache_write_1h_tokens=usage.cache_write_1h,
        output_tokens=usage.output_total,
        **usage.units,
    )
    found = genai_prices.calc_price(
        counted, model, provider_id=provider, genai_request_timestamp=NOON, price_context=context
    )
    return found.total_price


def test_every_model_of_the_large_providers_costs_what_the_catalogue_says() -> None:
    book, compared = PriceBook(), 0
    for provider, model in every():
        for tier in TIERS:
            usage = drawn(f"{provider} {model.id} {tier}")
            price = book.price(WHERE[provider], model.id, usage, NOON, tier)
            if price.cost_nano is None:
                continue
            compared += 1
            expected = asked(provider, model.id, usage, tier)
            assert price.cost_nano == int((expected * 10**9).to_integral_value()), (provider, model.id, tier, usage)
    assert compared > 200
