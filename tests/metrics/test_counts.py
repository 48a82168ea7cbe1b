"""What is counted of calls, and that it stays within bounds whatever comes."""

from itertools import product

import pytest

from appliance.domain import error_types
from appliance.domain.ledger_rows import Attempt, Settled
from appliance.metrics.bounded import Spread, Sums
from appliance.metrics.counts import REFUSED, Counts
from appliance.metrics.table import COUNTERS, GAUGES, MOST_SERIES, OTHER, Metric
from tests.metrics.settling import settled


def test_tokens_are_counted_by_kind_without_counting_any_twice() -> None:
    counts, tokens = Counts(), "agenthq_call_tokens_total"
    sent = Attempt("a", "m", input_total=1000, cache_read=600, cache_write_5m=100, output_total=50, reasoning=30)
    counts.hear("t", [Settled(settled().call, [sent])])
    found = {labels[-1]: value for labels, value in counts.sums[tokens].values.items()}
    assert found == {"input": 300, "cache_read": 600, "cache_write": 100, "output": 50, "reasoning": 30}


def test_the_same_target_again_is_a_retry_and_another_one_a_fallback() -> None:
    counts = Counts()
    sent = [Attempt("a", "m"), Attempt("a", "m"), Attempt("b", "n", cost_nano=5)]
    counts.hear("t", [Settled(settled().call, sent)])
    assert counts.sums["agenthq_call_retries_total"].values == {("t", "a"): 1}
    assert counts.sums["agenthq_call_fallbacks_total"].values == {("t", "b"): 1}
    assert counts.sums["agenthq_calls_total"].values == {("t", "chat", "b", "n", "ok"): 1}
    assert counts.sums["agenthq_call_attempts_unpriced_total"].values == {("t", "a", "m"): 2}


@pytest.mark.parametrize("first", ["answered", "booked"])
def test_the_overhead_is_what_is_left_of_the_time_to_the_first_byte(first: str) -> None:
    counts, call = Counts(), settled(first_byte_ms=40)
    steps = [lambda: counts.answered(call.call["id"], "chat", 43.5), lambda: counts.hear("t", [call])]
    for step in steps if first == "answered" else reversed(steps):
        step()
    spread = counts.spreads["agenthq_gateway_overhead_seconds"]
    assert spread.sums == {("chat",): 3.5}
    assert sum(spread.buckets[("chat",)][:3]) == 1


def test_calls_of_our_own_agents_have_no_overhead_and_leave_nothing_behind() -> None:
    counts = Counts()
    counts.hear("t", [settled(surface="agent")])
    assert not counts.spreads["agenthq_gateway_overhead_seconds"].buckets
    assert not counts._booked


def test_times_that_are_never_joined_are_forgotten() -> None:
    counts = Counts()
    for n in range(3000):
        counts.answered(str(n), "chat", 1.0)
    assert len(counts._answered) == 2000


def test_every_refusal_has_a_type_of_the_closed_list() -> None:
    assert set(REFUSED.values()) <= set(error_types.BY_CODE.values())


def test_a_value_on_the_bound_belongs_to_the_bucket() -> None:
    spread = Spread((0.1, 0.5))
    for ms in (100, 100.1, 500, 501):
        spread.add(("chat",), ms)
    assert spread.buckets == {("chat",): [1, 2, 1]}


def test_beyond_the_cap_names_become_other_and_no_amount_is_lost() -> None:
    sums = Sums(Metric("counter", "", ("tenant", "model", "kind"), 10))
    for tenant, model in product(range(5), range(20)):
        sums.add((str(tenant), str(model), "input"), 3)
    assert sum(sums.values.values()) == 300
    assert len(sums.values) <= 11
    assert ("0", "0", "input") in sums.values
    assert (OTHER, OTHER, "input") in sums.values


def test_500_models_of_50_tenants_stay_below_2000_series() -> None:
    counts = Counts()
    states = [("ok", ""), ("failed", "provider_overloaded"), ("lost", "gateway_stopped")]
    surfaces = ("agent", "messages", "chat", "responses", "embeddings")
    for n, (tenant, model) in enumerate(product(range(50), range(500))):
        state, error_type = states[n % 3]
        call = settled(n, model=f"m{model}", provider=f"p{model % 40}", tries=1 + n % 2, surface=surfaces[n % 5])
        call.call.update(state=state, error_type=error_type)
        extra = Attempt(f"q{model % 40}", f"m{model}", input_total=90, cache_read=40, cache_write_1h=9, output_total=9)
        counts.hear(f"t{tenant}", [Settled(call.call, [*call.attempts, extra])])
    series = sum(len(sums.values) for sums in counts.sums.values())
    series += sum(len(counts) + 2 for spread in counts.spreads.values() for counts in spread.buckets.values())
    # Closed labels: four states of runs of the others, five surfaces, five roles.
    gauges = sum(metric.cap for metric in GAUGES.values()) + 4 + 1 + 1 + 5 + 5
    assert series + gauges <= MOST_SERIES
    assert sum(counts.sums["agenthq_calls_total"].values.values()) == 25_000
    assert {labels[0] for labels in counts.sums["agenthq_calls_total"].values} >= {"t0", OTHER}


def test_caps_leave_room_for_every_closed_label() -> None:
    assert sum(metric.cap for metric in COUNTERS.values()) < 1400
