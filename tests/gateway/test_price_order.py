"""Which price counts: the account's, the tenant's of that time, the imported list's, the catalogue's, or none."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from appliance.gateway.prices import PriceBook
from appliance.gateway.types import Account, Dated, ModelPrice, Share, Usage

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
THOUSAND = Usage(1000)
book = PriceBook()


def plain(usd: str, **more: object) -> ModelPrice:
    return ModelPrice(Decimal(usd), Decimal(usd), **more)  # type: ignore[arg-type]


def dated(source: str, usd: str, starts: str = "", ends: str | None = None) -> Dated:
    return Dated(source, "gpt-4o", starts, ends, f"{source} {usd}", plain(usd))  # type: ignore[arg-type]


def account(*sheet: Dated, own: str = "", billing: str = "metered", kind: str = "openai") -> Account:
    prices = {"gpt-4o": plain(own)} if own else {}
    return Account("a", kind, billing=billing, prices=prices, sheet={"gpt-4o": sheet} if sheet else {})  # type: ignore[arg-type]


OVERRIDE, IMPORT = dated("override", "7"), dated("import", "8")


@pytest.mark.parametrize(
    ("where", "nano", "source", "version"),
    [
        (account(OVERRIDE, IMPORT, own="6"), 6_000_000, "override", "account"),
        (account(OVERRIDE, IMPORT), 7_000_000, "override", "override 7"),
        (account(IMPORT), 8_000_000, "catalogue", "import 8"),
        (account(), 2_500_000, "catalogue", "genai-prices"),
        (account(kind="simulated"), None, "unpriced", ""),
    ],
)
def test_the_nearest_price_counts(where: Account, nano: int | None, source: str, version: str) -> None:
    price = book.price(where, "gpt-4o", THOUSAND, NOON)
    assert (price.cost_nano, price.source) == (nano, source)
    assert price.price_version.startswith(version)


def test_a_price_holds_from_its_first_moment_until_before_its_last() -> None:
    march = dated("override", "9", "2026-03-01T00:00:00.000000Z", "2026-04-01T00:00:00.000000Z")
    where = account(march, dated("override", "7"))

    def at(*moment: int) -> int | None:
        return book.price(where, "gpt-4o", THOUSAND, datetime(2026, *moment, tzinfo=UTC)).cost_nano

    assert [at(2, 28, 23, 59), at(3, 1), at(3, 31, 23, 59), at(4, 1)] == [7_000_000, 9_000_000, 9_000_000, 7_000_000]


def test_a_price_for_the_name_that_was_asked_for_counts_when_the_answer_names_a_dated_one() -> None:
    price = book.price(account(OVERRIDE), "gpt-4o-2024-08-06", THOUSAND, NOON, asked="gpt-4o")
    assert (price.cost_nano, price.matched_model) == (7_000_000, "gpt-4o")


@pytest.mark.parametrize("billing", ["flat", "local"])
def test_where_nobody_pays_for_each_call_the_own_price_is_imputed(billing: str) -> None:
    price = book.price(account(OVERRIDE, billing=billing), "gpt-4o", THOUSAND, NOON)
    assert (price.cost_nano, price.source, price.imputed_nano) == (0, billing, 7_000_000)


def test_a_changed_price_of_an_account_is_another_version() -> None:
    first, second = (book.price(account(own=usd), "gpt-4o", THOUSAND, NOON) for usd in ("6", "6.5"))
    assert first.price_version != second.price_version


def test_own_prices_have_caches_tiers_units_and_long_prompts() -> None:
    own = plain(
        "10",
        cache_read_usd_per_mtok=Decimal(1),
        cache_write_5m_usd_per_mtok=Decimal("12.5"),
        cache_write_1h_usd_per_mtok=Decimal(20),
        units_usd_per_1000={"web_searches": Decimal(10)},
        tiers={"flex": plain("5")},
        above_tokens=200_000,
        above=plain("30"),
    )
    where = Account("a", "openai", prices={"m": own})

    def cost(usage: Usage, tier: str = "") -> int | None:
        return book.price(where, "m", usage, NOON, tier).cost_nano

    assert cost(Usage(1000, 100, 200, 300, 50)) == 4_000_000 + 100_000 + 2_500_000 + 6_000_000 + 500_000
    assert cost(THOUSAND, "flex") == 5_000_000
    assert cost(Usage(200_000)) == 2_000_000_000
    assert cost(Usage(200_001)) == 6_000_030_000
    assert cost(Usage(units={"web_searches": 3})) == 30_000_000
    assert "platinum" in book.price(where, "m", THOUSAND, NOON, "platinum").note


def test_writing_to_a_cache_at_the_price_of_input_says_so() -> None:
    price = book.price(account(OVERRIDE), "gpt-4o", Usage(1000, cache_write_5m=400), NOON)
    assert price.cost_nano == 7_000_000
    assert "writing to the cache" in price.note


def test_web_searches_cost_what_the_catalogue_says_and_are_a_line_of_the_sum() -> None:
    used = Usage(1000, output_total=10, units={"web_searches": 3})
    price = book.price(Account("a", "anthropic"), "claude-opus-4-8", used, NOON)
    without = book.price(Account("a", "anthropic"), "claude-opus-4-8", Usage(1000, output_total=10), NOON)
    assert (price.cost_nano or 0) - (without.cost_nano or 0) == 30_000_000
    assert price.lines[-1].label == "Web searches"
    assert sum(line.cost_nano for line in price.lines) == price.cost_nano


def test_a_unit_without_a_price_makes_the_cost_an_estimate_that_says_so() -> None:
    price = book.price(Account("a", "openai"), "gpt-4o", Usage(1000, units={"moon_landings": 1}), NOON)
    assert (price.cost_nano, price.source) == (2_500_000, "estimated")
    assert "moon landings" in price.note


def test_each_share_of_an_answer_is_priced_at_its_own_model_and_the_sum_is_rounded_once() -> None:
    shares = (
        Share("claude-opus-4-8", Usage(1000, output_total=10)),
        Share("claude-haiku-4-5", Usage(1001, output_total=7)),
    )
    whole = Usage(2001, output_total=17, shares=shares)
    price = book.price(Account("a", "anthropic"), "claude-haiku-4-5", whole, NOON)
    alone = [book.price(Account("a", "anthropic"), one.model, one.usage, NOON).cost_nano or 0 for one in shares]
    assert price.cost_nano == sum(alone)
    assert [line.label for line in price.lines] == [
        "Input, claude-opus-4-8",
        "Output, claude-opus-4-8",
        "Input, claude-haiku-4-5",
        "Output, claude-haiku-4-5",
    ]
    unknown = with_a_stranger(whole, shares[0])
    assert book.price(Account("a", "anthropic"), "claude-haiku-4-5", unknown, NOON).cost_nano is None


def with_a_stranger(whole: Usage, share: Share) -> Usage:
    strange = Share("claude-imaginary-9", share.usage)
    return Usage(whole.input_total, output_total=whole.output_total, shares=(strange, whole.shares[1]))


def test_a_name_found_by_its_beginning_is_stored_as_matched_and_said() -> None:
    price = book.price(Account("a", "openai"), "gpt-4o-2024-08-06", THOUSAND, NOON)
    assert price.matched_model == "gpt-4o"
    assert "falls under" in price.note
    assert book.price(Account("a", "openai"), "gpt-4o", THOUSAND, NOON).note == ""


def test_batch_is_a_processing_mode_and_not_a_service_tier() -> None:
    """The catalogue answers an unknown context with the standard price, without a word."""
    batch = book.price(Account("a", "openai"), "o3", Usage(1000), NOON, "batch")
    assert (batch.cost_nano, batch.tier) == (1_000_000, "batch")


@pytest.mark.parametrize(
    "usage", [Usage(-1), Usage(10, -5), Usage(10, output_total=-1), Usage(10, reasoning=1), Usage(10, conflict="so")]
)
def test_no_price_is_given_for_numbers_that_can_not_be(usage: Usage) -> None:
    for where in (account(own="6"), account(OVERRIDE), account()):
        price = book.price(where, "gpt-4o", usage, NOON)
        assert (price.cost_nano, price.source) == (None, "unpriced")
        assert "contradicts itself" in price.note
