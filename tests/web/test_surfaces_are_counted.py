"""Every surface that can cost money asks the desk first: a new one without that fails here."""

from typing import Any

import pytest

from appliance.domain import approvals, budgets, keys, providers, stops
from appliance.domain.actor import SYSTEM
from appliance.domain.key_forms import NewKey
from appliance.domain.provider_forms import ModelPrice, NewProvider
from appliance.domain.stops import NewStop
from appliance.gateway.surfaces.surface import SURFACES
from appliance.web import surfaces_paths
from tests.world import World

TALK = [{"role": "user", "content": "hi"}]
BODIES: dict[str, dict[str, Any]] = {
    "messages": {"model": "big", "max_tokens": 9, "messages": TALK},
    "chat": {"model": "big", "messages": TALK},
    "responses": {"model": "big", "input": "hi"},
    "embeddings": {"model": "big", "input": "hi"},
}
POSTS = {name: f"/gw/v1{module.PATH}" for name, module in SURFACES.items()}


def tool(world: World, surface: str) -> Any:
    """A key of Acme, whose one account speaks everything and can't be reached."""
    kind = "anthropic" if surface == "messages" else "openai"
    new = NewProvider("Lab", kind, "http://127.0.0.1:9", "sk-lab-0123456789", ["big"], {"big": ModelPrice(1, 1)})
    with world.db() as db, world.control() as control:
        providers.add(db, SYSTEM, world.vault, new)
        return world.program(keys.create(control, world.alice.actor, world.acme.id, NewKey("Tool")).secret)


def test_every_address_that_takes_a_post_is_known_here() -> None:
    assert POSTS.keys() == BODIES.keys()
    found = {surfaces_paths.find(path, False).action for path in POSTS.values()}
    assert found == {"call"}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("surface", sorted(SURFACES))
def test_no_surface_sends_anything_without_money(world: World, surface: str, stream: bool) -> None:
    program = tool(world, surface)
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 0)
    refused = program.post(POSTS[surface], json=BODIES[surface] | ({"stream": True} if stream else {}))
    assert refused.status_code == (402 if surface == "messages" else 400), refused.text
    assert refused.headers["x-agenthq-reason"] == "budget"
    assert refused.headers["x-should-retry"] == "false" and "retry-after" not in refused.headers
    with world.db() as db:
        assert db.value("SELECT COUNT(*) AS n FROM calls") == 0
        assert len(approvals.listing(db, state="pending").items) == 1


@pytest.mark.parametrize("surface", sorted(SURFACES))
def test_no_surface_sends_what_a_person_stopped(world: World, surface: str) -> None:
    program = tool(world, surface)
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", budgets.NANO)
        stops.put(db, SYSTEM, NewStop("model", "big"))
    refused = program.post(POSTS[surface], json=BODIES[surface])
    assert refused.headers["x-agenthq-reason"] == "paused", refused.text


@pytest.mark.parametrize("surface", sorted(SURFACES))
def test_a_call_that_fails_is_booked_and_holds_nothing(world: World, surface: str) -> None:
    program = tool(world, surface)
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", budgets.NANO)
    assert program.post(POSTS[surface], json=BODIES[surface]).status_code >= 400
    # The desk does one thing after the other: what it answers now, it has booked before.
    assert program.post(POSTS[surface], json=BODIES[surface] | {"model": "nobody-serves"}).status_code >= 400
    with world.db() as db:
        [call] = db.rows("SELECT * FROM calls")
        assert (call["state"], call["surface"], call["cost_nano"]) == ("failed", surface, 0)
        assert db.rows("SELECT * FROM reservations") == []
