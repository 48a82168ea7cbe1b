"""One sending as a row of the ledger: how sure its cost is, and both figures where there are two."""

from decimal import Decimal

import msgspec
import pytest

from appliance import clock
from appliance.calls import pricing
from appliance.calls.pricing import Sent
from appliance.domain import events, ledger, price_alarms
from appliance.domain.ledger import Attempt, Opening
from appliance.domain.notices import deriving
from appliance.gateway.prices import PriceBook
from appliance.gateway.types import Account, ModelPrice, Share, Usage
from tests.domain.spending import TENANT
from tests.world import World

BOOK = PriceBook()
LAB = Account("p", "openai", prices={"lab-7b": ModelPrice(Decimal(2), Decimal(4), Decimal(1))})
NOON = "2026-11-23T12:00:00.000000Z"
ANSWERED = Sent(LAB, "lab-7b", NOON, model="lab-7b-2026", usage=Usage(1000, 400, output_total=100), tier="standard")
COST = 600 * 2000 + 400 * 1000 + 100 * 4000


def row(**more: object) -> Attempt:
    return pricing.attempt(BOOK, msgspec.structs.replace(ANSWERED, **more))


def test_an_answer_is_priced_and_keeps_the_prices_it_was_priced_by() -> None:
    found = row(status=200, first_byte_ms=5, duration_ms=9, request_id="r-1")
    assert (found.cost_nano, found.cost_source, found.matched_model) == (COST, "override", "lab-7b")
    assert (found.input_nano_mtok, found.cache_read_nano_mtok) == (2_000_000_000, 1_000_000_000)
    assert (found.cache_write_5m_nano_mtok, found.tier, found.status) == (2_000_000_000, "standard", 200)
    assert sum(part.cost_nano for part in ledger.parts(found)) == COST


def test_the_time_of_sending_decides_the_price() -> None:
    deepseek = Account("p", "openai-compatible", "https://api.deepseek.com")
    used = Usage(1_000_000, output_total=1_000_000)
    night = "2026-11-23T03:30:00.000000Z"
    costs = [
        row(account=deepseek, asked="deepseek-v4-pro", model="", usage=used, started_at=at) for at in (NOON, night)
    ]
    assert [one.cost_nano for one in costs] == [2_640_000_000, 5_280_000_000]


def test_a_refusal_costs_nothing() -> None:
    found = row(refused=True, usage=None, failure_code="provider_auth", status=401)
    assert (found.cost_nano, found.cost_source, found.failure_code) == (0, "none", "provider_auth")


@pytest.mark.parametrize("usage", [None, Usage(10, 20), Usage(-5), Usage(5, output_total=1, reasoning=9)])
def test_a_usage_that_is_missing_or_can_not_be_is_estimated_from_the_bytes_and_says_so(usage: Usage | None) -> None:
    found = row(usage=usage, sent_bytes=3200, output_bytes=320)
    assert (found.cost_source, found.input_total, found.output_total, found.cache_read) == ("estimated", 1001, 101, 0)
    assert "tokens are estimated" in found.note


def test_what_a_broken_answer_reported_is_an_estimate() -> None:
    found = row(broken=True, failure_code="stream_cut")
    assert (found.cost_nano, found.cost_source) == (COST, "estimated")
    assert row(broken=True, asked="unknown", model="unknown").cost_source == "unpriced"


def test_the_providers_own_figure_beats_ours_and_both_are_kept() -> None:
    found = row(reported_cost_nano=123)
    assert (found.cost_nano, found.cost_source) == (123, "reported")
    assert (found.reported_nano, found.computed_nano) == (123, COST)
    assert sum(part.cost_nano for part in ledger.parts(found)) == COST, "the sum is of our own figure"
    unknown = row(asked="unknown", model="unknown", reported_cost_nano=123)
    assert (unknown.cost_nano, unknown.computed_nano) == (123, None)


@pytest.mark.parametrize("billing", ["flat", "local"])
def test_a_figure_reported_where_nobody_pays_stays_beside_the_list_price(billing: str) -> None:
    found = row(account=msgspec.structs.replace(LAB, billing=billing), reported_cost_nano=123)
    assert (found.cost_nano, found.cost_source, found.imputed_nano) == (0, billing, COST)
    assert (found.reported_nano, found.computed_nano) == (123, COST)


def test_shares_and_units_are_kept_for_a_later_price() -> None:
    shares = (Share("lab-7b", Usage(400)), Share("", Usage(600, 400, output_total=100)))
    found = row(usage=Usage(1000, 400, output_total=100, shares=shares), units={"web_search_requests": 2})
    assert found.units == {"web_searches": 2}
    assert [one.model for one in found.shares] == ["lab-7b", ""]
    again = pricing.usage_of(found)
    assert (again.shares, again.units) == (shares, {"web_searches": 2})


@pytest.mark.parametrize(
    ("reported", "computed", "apart"),
    [
        (1_010_000, 1_000_000, False),
        (1_010_001, 1_000_000, True),
        (989_999, 1_000_000, True),
        (0, 1_000_000, True),
        (99_999, 1, False),
        (None, 1_000_000, False),
        (1_000_000, None, False),
    ],
)
def test_more_than_one_per_cent_apart_is_told(reported: int | None, computed: int | None, apart: bool) -> None:
    assert price_alarms.differs(Attempt("p", "m", reported_nano=reported, computed_nano=computed)) is apart


def test_a_difference_is_told_once_for_each_model_and_day(world: World) -> None:
    with world.db() as db:
        for day, model in (("2026-11-23", "m"), ("2026-11-23", "m"), ("2026-11-23", "n"), ("2026-11-24", "m")):
            with clock.frozen(clock.parse(f"{day}T12:00:00Z")):
                call_id = ledger.open_call(db, Opening("p", model, False, 0, "me", TENANT))
                billed = Attempt("p", model, cost_nano=2 * 10**6, reported_nano=2 * 10**6, computed_nano=10**6)
                with db.transaction():
                    ledger.settle(db, call_id, [billed, billed])
        found = [event for event in events.recent(db) if event.kind == "price.differs"]
        notice = deriving.happening(db, [], found[0])
        assert notice is not None
        assert notice.content.title == "m is billed at another price than the list"
        told = [event.data for event in found]
        assert [one["model"] for one in told] == ["m", "n", "m"]
        assert (told[0]["reported_nano"], told[0]["computed_nano"]) == (2 * 10**6, 10**6)
