"""Requests a minute, by a clock that stands still: how many at once, when the next, and what the headers say."""

from datetime import UTC, datetime, timedelta

import pytest

from appliance import clock
from appliance.db.bounds import Bounds
from appliance.domain import buckets
from appliance.domain.buckets import Buckets, Drained, Policy

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
TEN = Policy("tenant", "acme", 10)


def took(meter: Buckets, at: float, *policies: Policy) -> str:
    """ "ok", or after how many seconds there is one."""
    with clock.frozen(NOON + timedelta(seconds=at)):
        try:
            meter.take(policies)
        except Drained as drained:
            return str(drained.retry_after)
    return "ok"


def test_a_minutes_worth_may_come_at_once_and_the_next_after_its_share() -> None:
    meter = Buckets()
    assert [took(meter, 0, TEN) for _ in range(11)] == ["ok"] * 10 + ["6"]
    assert [took(meter, at, TEN) for at in (5.9, 6, 6, 11.9, 12)] == ["1", "ok", "6", "1", "ok"]
    assert [took(meter, 72, TEN) for _ in range(11)] == ["ok"] * 10 + ["6"]


def test_what_is_refused_counts_on_no_bucket() -> None:
    meter, user = Buckets(), Policy("user", "alice", 1)
    assert [took(meter, 0, TEN, user) for _ in range(5)] == ["ok", "60", "60", "60", "60"]
    assert [took(meter, 0, TEN) for _ in range(10)] == ["ok"] * 9 + ["6"]


def test_buckets_of_others_are_their_own() -> None:
    meter, other = Buckets(), Policy("tenant", "globex", 1)
    assert [took(meter, 0, one) for one in (other, TEN, other)] == ["ok", "ok", "60"]


def test_a_limit_of_nothing_lets_nothing_through() -> None:
    assert took(Buckets(), 0, Policy("tenant", "acme", 0)) == "60"


def test_a_limit_that_changes_counts_from_the_next_request() -> None:
    meter = Buckets()
    assert took(meter, 0, TEN) == "ok"
    assert took(meter, 0, TEN._replace(per_minute=1)) == "60"
    assert took(meter, 0, TEN._replace(per_minute=2)) == "ok"


def test_headers_say_quota_what_is_left_and_when_it_is_whole_again() -> None:
    with clock.frozen(NOON):
        standing = Buckets().take([TEN, Policy("key", "k", 2)])
    assert buckets.headers(standing) == [
        (b"ratelimit-policy", b'"tenant";q=10;w=60, "key";q=2;w=60'),
        (b"ratelimit", b'"tenant";r=9;t=6, "key";r=1;t=30'),
    ]
    assert buckets.headers([]) == []


def test_a_refusal_names_the_limit_that_takes_longest() -> None:
    meter, policies = Buckets(), (Policy("tenant", "a", 60), Policy("key", "k", 1))
    assert took(meter, 0, *policies) == "ok"
    with clock.frozen(NOON), pytest.raises(Drained) as caught:
        meter.take(policies)
    assert caught.value.detail == "This key may make 1 requests a minute. Come again in 60 s."
    assert (caught.value.status, caught.value.more["limit"]) == (429, 1)
    assert [one.left for one in caught.value.standing] == [59, 0]


def test_each_of_several_processes_lets_its_share_through() -> None:
    bounds = Bounds(requests_per_min=100, user_requests_per_min=10, processes=3)
    found = buckets.policies(bounds, "t", "u", "k", 7)
    assert found == [Policy("tenant", "t", 34), Policy("user", "t u", 4), Policy("key", "k", 3)]


def test_the_lower_of_a_keys_own_limit_and_its_plans_counts() -> None:
    assert buckets.policies(Bounds(key_requests_per_min=5), "t", key="k", own=9) == [Policy("key", "k", 5)]
    assert buckets.policies(Bounds(key_requests_per_min=9), "t", key="k", own=5) == [Policy("key", "k", 5)]
    assert buckets.policies(Bounds(), "t", "u", "k") == []


def test_what_was_not_touched_for_a_minute_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "MOST", 2)
    meter = Buckets()
    for n in range(3):
        took(meter, n, Policy("tenant", f"t{n}", 5))
    took(meter, 61.5, TEN)
    assert list(meter._levels) == [("tenant", "t2"), ("tenant", "acme")]
