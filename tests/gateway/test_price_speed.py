"""Prices that are looked up once a minute are those of the list, to the last digit."""

from datetime import UTC, datetime
from typing import Any

import pytest

from appliance.gateway import catalogue
from appliance.gateway.types import Account, Usage

AT = datetime(2026, 11, 27, 3, 30, 15, 5, tzinfo=UTC)
USES = [
    Usage(1512, 1000, 300, 200, 90),
    Usage(200_000, 0, 0, 0, 1),
    Usage(200_001, 150_000, 10, 0, 70_000, reasoning=60_000),
    Usage(7, output_total=3, units={"web_searches": 2}),
    Usage(0, output_total=0),
]


def listed() -> list[tuple[str, str]]:
    providers: Any = catalogue.load().data_snapshot.get_snapshot().providers
    known = {"anthropic": "anthropic", "openai": "openai"}
    return [(known.get(p.id, "openai-compatible"), model.id) for p in providers for model in p.models[::7]]


@pytest.mark.parametrize("tier", ["", "flex", "batch"])
def test_a_price_from_memory_is_that_of_the_list(tier: str) -> None:
    models = listed()
    assert len(models) > 50
    for kind, model in models:
        account = Account("a", kind, "http://127.0.0.1:1")
        for use in USES:
            fresh = catalogue._find(account, model, use, AT, tier)
            assert catalogue.find(account, model, use, AT, tier) == fresh, (kind, model, use)
    minute = AT.replace(second=0, microsecond=0)
    kept = [model for kind, model in models if catalogue._plain(kind, "http://127.0.0.1:1", model, minute, tier)]
    assert len(kept) > 30
