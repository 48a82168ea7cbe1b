"""Requests a minute over the API and below /gw: what answers say, and who is turned away."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from appliance import clock
from appliance.domain import keys
from appliance.domain.actor import SYSTEM
from appliance.domain.key_forms import NewKey
from tests.domain.limiting import limit, switch
from tests.world import World


@pytest.fixture
def still(world: World) -> Iterator[World]:
    """The clock stands, so that nothing runs empty while a test is at it."""
    with clock.frozen(clock.now()):
        yield world


def program(world: World, **given: object) -> httpx.Client:
    with world.control() as control:
        made = keys.create(control, SYSTEM, world.acme.id, NewKey("Tool", **given))  # type: ignore[arg-type]
    return world.program(made.secret)


def codes(client: httpx.Client, path: str, many: int) -> list[int]:
    return [client.get(path).status_code for _ in range(many)]


def test_without_a_limit_answers_say_nothing_of_one(still: World) -> None:
    assert "ratelimit" not in still.bob.get(f"{still.bob.api}/tasks").headers


@pytest.mark.parametrize(("made", "status"), [(1, 200), (2, 200), (3, 429)])
def test_the_request_beyond_the_limit_is_turned_away(still: World, made: int, status: int) -> None:
    limit(still, requests_per_min=2)
    assert codes(still.bob, f"{still.bob.api}/tasks", made)[-1] == status


def test_of_requests_at_the_same_moment_as_many_pass_as_are_left(still: World) -> None:
    limit(still, requests_per_min=1)
    with ThreadPoolExecutor(2) as pool:
        replies = pool.map(lambda one: one.get(f"{one.api}/tasks"), (still.bob, still.otto))
        assert sorted(reply.status_code for reply in replies) == [200, 429]


def test_answers_and_refusals_carry_the_headers(still: World) -> None:
    limit(still, requests_per_min=2)
    first, _, third = (still.bob.get(f"{still.bob.api}/tasks") for _ in range(3))
    assert first.headers["ratelimit-policy"] == '"tenant";q=2;w=60'
    assert first.headers["ratelimit"] == '"tenant";r=1;t=30'
    assert (third.headers["ratelimit"], third.headers["retry-after"]) == ('"tenant";r=0;t=60', "30")
    body = third.json()
    assert third.headers["content-type"] == "application/problem+json"
    assert (body["code"], body["limit"], body["quota"]) == ("rate_limited", 2, "requests_per_min")
    assert body["detail"] == "The organisation may make 2 requests a minute. Come again in 30 s."


def test_all_of_a_tenant_share_its_limit_and_others_have_their_own(still: World) -> None:
    limit(still, requests_per_min=2)
    who = (still.alice, still.otto, still.bob)
    assert [one.get(f"{one.api}/tasks").status_code for one in who] == [200, 200, 429]
    assert still.charlie.get(f"{still.charlie.api}/tasks").status_code == 200


def test_a_person_and_a_key_have_limits_of_their_own(still: World) -> None:
    limit(still, user_requests_per_min=1, key_requests_per_min=2)
    assert codes(still.bob, f"{still.bob.api}/tasks", 2) == [200, 429]
    assert codes(still.otto, f"{still.otto.api}/tasks", 1) == [200]
    assert codes(program(still), "/api/v1/tasks", 3) == [200, 200, 429]
    assert codes(program(still, requests_per_min=1), "/api/v1/tasks", 2) == [200, 429]


def test_pages_go_on_when_the_api_is_turned_away(still: World) -> None:
    limit(still, requests_per_min=0)
    assert still.bob.get(f"{still.bob.api}/tasks").status_code == 429
    assert still.bob.get(f"{still.bob.pages}/board").status_code == 200


def test_what_is_not_signed_in_counts_on_nobody(still: World) -> None:
    limit(still, requests_per_min=1)
    assert still.stranger.get(f"{still.bob.api}/tasks").status_code == 401
    assert still.charlie.get(f"{still.bob.api}/tasks").status_code == 404
    assert still.bob.get(f"{still.bob.api}/tasks").status_code == 200


@pytest.mark.parametrize(
    ("path", "kind"), [("/gw/v1/messages", "rate_limit_error"), ("/gw/v1/chat/completions", "requests")]
)
def test_a_tool_is_turned_away_in_the_shape_of_its_surface(still: World, path: str, kind: str) -> None:
    limit(still, requests_per_min=1)
    tool = program(still, gateway_only=True)
    first = tool.get("/gw/v1/models")
    assert (first.status_code, first.headers["ratelimit"]) == (200, '"tenant";r=0;t=60')
    refused = tool.post(path, content=b"{}")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert (refused.headers["ratelimit"], refused.headers["x-agenthq-reason"]) == ('"tenant";r=0;t=60', "rate")
    assert refused.json()["error"]["type"] == kind


def test_a_tenant_without_the_gateway_makes_no_calls_through_it(world: World) -> None:
    switch(world, gateway=False)
    refused = program(world).get("/gw/v1/models")
    assert refused.status_code == 403
    assert "Tools outside may make their model calls" in refused.json()["error"]["message"]


def test_the_banner_of_sample_data_can_be_switched_off(world: World) -> None:
    with world.control() as control:
        control.update("tenants", {"id": world.acme.id}, simulated=True)
    assert "Sample data" in world.bob.get(f"{world.bob.pages}/board").text
    switch(world, sample_banner=False)
    assert "Sample data" not in world.bob.get(f"{world.bob.pages}/board").text


def test_no_account_of_the_simulated_provider_where_that_is_switched_off(world: World) -> None:
    switch(world, simulated=False)
    new = {"name": "Sim", "kind": "simulated"}
    refused = world.alice.post(f"{world.alice.api}/providers", json=new)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
