"""Requests, tokens and calls at the same time: what is let through, and that waiting as told helps."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from appliance import clock
from appliance.domain import budgets, providers, rates
from appliance.domain.actor import SYSTEM
from appliance.domain.budgets import NANO
from appliance.domain.rates import NewRates
from appliance.errors import Problem
from tests.desking import PRICES, Counter, counter
from tests.domain.scheduling import NOON
from tests.world import World


@pytest.fixture
def desk(world: World) -> Iterator[Counter]:
    with counter(world) as opened, clock.moved(clock.parse(NOON), clock.parse(NOON) + timedelta(days=1)):
        budgets.put(opened.db, SYSTEM, "tenant", "", "month", 1_000 * NANO)
        yield opened


def limit(desk: Counter, scope: str, **given: int) -> None:
    if scope == "key":
        named = {"requests": "requests_per_min", "tokens": "tokens_per_min", "parallel": "parallel"}
        desk.key = msgspec.structs.replace(desk.key, **{named[name]: value for name, value in given.items()})
    else:
        rates.put(desk.db, SYSTEM, NewRates(scope, "Lab" if scope == "provider" else "", **given))


@pytest.mark.parametrize("scope", ["tenant", "key", "provider"])
def test_requests_a_minute_on_any_of_the_three(desk: Counter, scope: str) -> None:
    limit(desk, scope, requests=3)
    for _ in range(3):
        desk.settle(desk.admitted(), 1)
    refused = desk.refusal()
    assert (refused.reason, refused.retry_after_s) == ("rate", 20.0)
    assert "3 requests a minute" in refused.message


def test_whoever_waits_as_long_as_told_is_let_through(desk: Counter) -> None:
    limit(desk, "key", requests=7, tokens=5_000)
    for turn in range(60):
        future = desk.ask(1 + turn * 37 % 900)
        error = future.exception(20)
        if error is not None:
            wait = error.retry_after_s  # type: ignore[attr-defined]
            assert clock.passes(wait)
            desk.settle(desk.admitted(1 + turn * 37 % 900), 1, input_total=1, output_total=turn * 37 % 900)
        else:
            desk.settle(future.result(), 1, input_total=1, output_total=turn * 37 % 900)


def test_tokens_are_counted_as_estimated_and_then_corrected(desk: Counter) -> None:
    limit(desk, "tenant", tokens=1_000)
    first = desk.admitted(899)
    assert desk.refusal(899).retry_after_s == pytest.approx(48.0)
    desk.settle(first, 1, input_total=1, output_total=49)
    second = desk.admitted(899)
    desk.settle(second, 1, input_total=1, output_total=1_949)
    # Used by now: 50 and 1,950 of 1,000 a minute.
    assert desk.refusal(9).retry_after_s == pytest.approx(60.6)


def test_one_call_above_the_whole_limit_goes_through_alone(desk: Counter) -> None:
    limit(desk, "key", tokens=100)
    desk.settle(desk.admitted(900), 1, input_total=1, output_total=900)
    wait = desk.refusal(900).retry_after_s
    assert wait == pytest.approx(901 * 60 / 100)
    assert clock.passes(wait)
    assert desk.admitted(900).call_id


def test_calls_at_the_same_time(desk: Counter) -> None:
    limit(desk, "key", parallel=2)
    one, _ = desk.admitted(), desk.admitted()
    assert desk.refusal().retry_after_s == rates.PLACE_S
    desk.settle(one, 1)
    assert desk.admitted().call_id


def test_an_account_that_is_full_leaves_others_alone(desk: Counter) -> None:
    limit(desk, "provider", requests=1)
    other = providers.NewProvider("Other", "openai-compatible", "http://127.0.0.1:9", "", ["big"], PRICES)
    providers.add(desk.db, SYSTEM, desk.world.vault, other)
    desk.admitted()
    assert desk.refusal().reason == "rate"
    assert desk.admitted(model="Other/big").targets[0].account.id != desk.account.id


def test_no_limit_costs_nothing_and_none_at_all_lets_nothing_through(desk: Counter) -> None:
    limit(desk, "tenant", requests=0)
    assert desk.refusal().retry_after_s == 60.0
    rates.put(desk.db, SYSTEM, NewRates())
    assert desk.admitted().call_id
    assert desk.db.rows("SELECT * FROM rate_limits") == []


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewRates("key", "k", 1), "scope"),
        (NewRates("provider", "nowhere", 1), "scope_id"),
        (NewRates(requests=-1), "requests"),
        (NewRates(tokens=10**13), "tokens"),
    ],
)
def test_limits_that_make_no_sense_are_refused_by_their_field(desk: Counter, new: NewRates, field: str) -> None:
    with pytest.raises(Problem) as refused:
        rates.put(desk.db, SYSTEM, new)
    assert list(refused.value.errors) == [field]
