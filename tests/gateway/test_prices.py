"""Money: published vectors, every trap of the catalogue, and never 0 for what is not known."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from appliance.gateway.prices import PriceBook
from appliance.gateway.types import Account, ChatRequest, Message, ModelPrice, Usage

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MILLION = 1_000_000
book = PriceBook()

ANTHROPIC = Account("a", "anthropic")
OPENAI = Account("a", "openai")
GOOGLE = Account("a", "openai-compatible", "https://generativelanguage.googleapis.com/v1beta/openai")
DEEPSEEK = Account("a", "openai-compatible", "https://api.deepseek.com")
ELSEWHERE = Account("a", "openai-compatible", "https://llm.example.com/v1")
SIMULATED = Account("a", "simulated")
BOTH = Usage(input_total=MILLION, output_total=MILLION)


@pytest.mark.parametrize(
    ("account", "model", "usage", "tier", "at", "usd"),
    [
        (ANTHROPIC, "claude-opus-4-8", Usage(1512, 1000, 300, 200, output_total=3), "", NOON, "0.004510"),
        (GOOGLE, "gemini-2.5-pro", Usage(200_000), "", NOON, "0.250"),
        (GOOGLE, "gemini-2.5-pro", Usage(200_001), "", NOON, "0.5000025"),
        (OPENAI, "o3", BOTH, "", NOON, "10"),
        (OPENAI, "o3", BOTH, "default", NOON, "10"),
        (OPENAI, "o3", BOTH, "flex", NOON, "5"),
        (OPENAI, "o3", BOTH, "priority", NOON, "17.5"),
        (OPENAI, "o3", BOTH, "batch", NOON, "5"),
        (DEEPSEEK, "deepseek-v4-pro", BOTH, "", NOON, "2.64"),
        (DEEPSEEK, "deepseek-v4-pro", BOTH, "", NOON.replace(hour=3, minute=30), "5.28"),
    ],
)
def test_vectors(account: Account, model: str, usage: Usage, tier: str, at: datetime, usd: str) -> None:
    price = book.price(account, model, usage, at, tier)
    assert price.cost_nano == int(Decimal(usd) * 10**9)
    assert (price.source, price.matched_model) == ("catalogue", model)
    assert price.price_version.startswith("genai-prices 0.2.")


def test_ten_thousand_small_calls_lose_nothing() -> None:
    own = {"m": ModelPrice(Decimal("0.04"), Decimal(0))}
    prices = [book.price(Account("a", "openai", prices=own), "m", Usage(1000), NOON) for _ in range(10_000)]
    assert sum(price.cost_nano or 0 for price in prices) == 400_000_000


def test_one_large_call_costs_more_than_its_parts() -> None:
    single = book.price(GOOGLE, "gemini-2.5-pro", Usage(MILLION), NOON)
    part = book.price(GOOGLE, "gemini-2.5-pro", Usage(10_000), NOON)
    assert (single.cost_nano, part.cost_nano) == (2_500_000_000, 12_500_000)
    assert (single.input_nano_per_mtok, part.input_nano_per_mtok) == (2_500_000_000, 1_250_000_000)


@pytest.mark.parametrize(
    ("account", "model", "usage"),
    [
        (OPENAI, "gpt-99-imaginary", BOTH),
        (ELSEWHERE, "llama-my-own-finetune", BOTH),
        (GOOGLE, "gemma-3", BOTH),
        (SIMULATED, "sim-imaginary", BOTH),
        (OPENAI, "o3", None),
        (OPENAI, "o3", Usage(input_total=10, cache_read=20)),
    ],
    ids=["unknown", "own model", "listed without a price", "simulated", "usage null", "more cached than sent"],
)
def test_what_is_not_known_is_none_and_never_zero(account: Account, model: str, usage: Usage | None) -> None:
    price = book.price(account, model, usage, NOON)
    assert (price.cost_nano, price.source) == (None, "unpriced")
    assert price.note


def test_cached_input_counts_once_and_cheaper() -> None:
    fresh = book.price(OPENAI, "gpt-4o", Usage(1000), NOON).cost_nano
    cached = book.price(OPENAI, "gpt-4o", Usage(1000, cache_read=1000), NOON).cost_nano
    assert (fresh, cached) == (2_500_000, 1_250_000)


def test_cache_writes_without_a_price_of_their_own_cost_what_input_costs() -> None:
    assert book.price(OPENAI, "gpt-4o", Usage(1000, cache_write_5m=400), NOON).cost_nano == 2_500_000


def test_reasoning_is_a_part_of_the_output() -> None:
    plain = book.price(OPENAI, "o3", Usage(10, output_total=100), NOON)
    assert book.price(OPENAI, "o3", Usage(10, output_total=100, reasoning=90), NOON).cost_nano == plain.cost_nano


def test_an_unknown_tier_is_priced_as_standard_and_says_so() -> None:
    price = book.price(OPENAI, "o3", BOTH, NOON, "platinum")
    assert (price.cost_nano, price.tier) == (10_000_000_000, "standard")
    assert "platinum" in price.note
    flex = book.price(OPENAI, "o3", BOTH, NOON, "flex")
    assert (flex.tier, flex.note, flex.input_nano_per_mtok) == ("flex", "", 1_000_000_000)


def test_a_dated_name_stores_the_entry_it_was_priced_by() -> None:
    assert book.price(OPENAI, "gpt-4o-2024-08-06", BOTH, NOON).matched_model == "gpt-4o"


def test_a_price_found_by_the_models_name_alone_says_so() -> None:
    price = book.price(ELSEWHERE, "gpt-4o", Usage(1000), NOON)
    assert (price.cost_nano, price.source) == (2_500_000, "catalogue")
    assert "by the model's name" in price.note


def test_an_address_the_catalogue_knows_is_not_guessed_around() -> None:
    assert book.price(DEEPSEEK, "gpt-4o", BOTH, NOON).source == "unpriced"


def test_the_accounts_own_price_comes_first() -> None:
    own = {"gpt-4o": ModelPrice(Decimal("1"), Decimal("2"), Decimal("0.1"))}
    price = book.price(Account("a", "openai", prices=own), "gpt-4o", Usage(1000, 500, output_total=100), NOON)
    assert (price.cost_nano, price.source) == (500_000 + 50_000 + 200_000, "override")


def test_an_own_price_of_zero_is_a_price() -> None:
    free = {"mine": ModelPrice(Decimal(0), Decimal(0))}
    assert book.price(Account("a", "openai", prices=free), "mine", BOTH, NOON).cost_nano == 0


@pytest.mark.parametrize(("tokens", "nano"), [(1, 0), (3, 2), (5, 2), (7, 4)])
def test_halves_round_to_even_once(tokens: int, nano: int) -> None:
    own = {"m": ModelPrice(Decimal("0.0005"), Decimal("0.0005"))}
    assert book.price(Account("a", "openai", prices=own), "m", Usage(tokens), NOON).cost_nano == nano


@pytest.mark.parametrize(("model", "imputed"), [("gpt-4o", 2_500_000), ("my-own-model", None)])
def test_a_local_account_costs_nothing_and_shows_the_list_price(model: str, imputed: int | None) -> None:
    price = book.price(Account("a", "ollama", billing="local"), model, Usage(1000), NOON)
    assert (price.cost_nano, price.source, price.imputed_nano) == (0, "local", imputed)


@pytest.mark.parametrize(
    ("model", "usd"), [("simulated", "1.5"), ("sim-swift", "1.5"), ("sim-standard", "18"), ("sim-deep", "90")]
)
def test_simulated_models_have_prices_of_their_own(model: str, usd: str) -> None:
    price = book.price(SIMULATED, model, BOTH, NOON)
    assert (price.cost_nano, price.source) == (int(Decimal(usd) * 10**9), "simulated")


def request(text: str, model: str = "sim-standard", cap: int | None = None) -> ChatRequest:
    return ChatRequest(model, (Message("user", text),), max_tokens=cap)


@pytest.mark.parametrize(("cap", "output"), [(None, 4000), (100, 100), (64_000, 4000)])
def test_the_reservation_covers_input_and_a_bounded_answer(cap: int | None, output: int) -> None:
    reserved = book.estimate(SIMULATED, request("x" * 3200, cap=cap), NOON)
    assert reserved is not None
    tokens = (reserved - output * 15_000) / 3_000
    assert 1000 <= tokens <= 1050


def test_what_is_free_reserves_nothing_and_what_is_unknown_can_not_be_reserved() -> None:
    assert book.estimate(Account("a", "ollama", billing="local"), request("x", "llama3"), NOON) == 0
    assert book.estimate(OPENAI, request("x", "gpt-99-imaginary"), NOON) is None
