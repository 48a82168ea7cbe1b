"""Whether a key works where it was put: its first call is an event, and so is a refusal."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from appliance.domain import budgets, events, key_uses, keys
from appliance.domain.key_forms import IssuedKey, NewKey
from appliance.domain.key_uses import Use
from appliance.web.sightings import Sightings
from tests.gateway.upstream import Upstream, running
from tests.waiting import until
from tests.web import tools
from tests.world import World


@pytest.fixture
def upstream(world: World) -> Iterator[Upstream]:
    with running() as made:
        tools.connect(world, made)
        made.will(tools.said(tools.CHAT))
        yield made


def issue(world: World) -> IssuedKey:
    with world.control() as control:
        return keys.create(control, world.alice.actor, world.acme.id, NewKey("tool", "viewer", True))


def told(world: World, kind: str) -> list[dict[str, Any]]:
    with world.db() as db:
        return [event.data for event in events.recent(db, 100) if event.kind == kind]


def use(world: World, key: IssuedKey) -> Use:
    with world.control() as control, world.db() as db:
        return key_uses.of(control, db, world.acme.id, key.id)


def call(world: World, secret: str, **given: Any) -> int:
    return world.program(secret).post("/gw/v1/chat/completions", content=tools.chat(**given)).status_code


def test_the_first_call_of_a_key_is_told_once(world: World, upstream: Upstream) -> None:
    key = issue(world)
    assert use(world, key) == Use(key.id, "tool")
    for _ in range(3):
        assert call(world, key.secret) == 200
    (first,) = until(lambda: told(world, "key.first_call"))
    assert first["key_id"] == key.id
    until(lambda: use(world, key).call)
    second = issue(world)
    assert call(world, second.secret) == 200
    until(lambda: len(told(world, "key.first_call")) == 2)


@pytest.mark.parametrize(("limit", "model", "reason"), [(10**11, "nobody's", "model"), (1, tools.GPT, "budget")])
def test_a_refusal_is_kept_with_its_sentence(
    world: World, upstream: Upstream, limit: int, model: str, reason: str
) -> None:
    key = issue(world)
    with world.db() as db:
        budgets.put(db, world.alice.actor, "tenant", "", "month", limit)
    assert call(world, key.secret, model=model) >= 400
    until(lambda: told(world, "key.refused"))
    refusal = use(world, key).refusal
    assert refusal
    assert refusal.refused_reason == reason
    assert refusal.refused_said.endswith(".")
    assert told(world, "key.refused") == [{"key_id": key.id, "reason": reason}]


def test_a_mistyped_key_is_noted_on_the_one_that_begins_like_it(world: World, upstream: Upstream) -> None:
    key = issue(world)
    assert call(world, key.secret[:-1]) == 401
    until(lambda: told(world, "key.refused"))
    refusal = use(world, key).refusal
    assert refusal
    assert refusal.refused_reason == "unknown"
    assert key.secret[:-1] not in str(told(world, "key.refused"))


def test_a_key_of_nobody_is_noted_nowhere(world: World, upstream: Upstream) -> None:
    key = issue(world)
    assert call(world, "ahq_????") == 401
    assert call(world, key.secret) == 200
    until(lambda: told(world, "key.first_call"))
    assert told(world, "key.refused") == []


def test_what_works_again_is_not_told_as_refused(world: World, upstream: Upstream) -> None:
    key = issue(world)
    assert call(world, key.secret, model="nobody's") == 404
    until(lambda: use(world, key).refusal)
    assert call(world, key.secret) == 200
    until(lambda: use(world, key).call)
    assert use(world, key).refusal is None


def test_one_and_the_same_refusal_is_not_told_a_hundred_times(world: World, upstream: Upstream) -> None:
    key = issue(world)
    for _ in range(20):
        call(world, key.secret, model="nobody's")
    assert call(world, key.secret) == 200
    until(lambda: told(world, "key.first_call"))
    assert len(told(world, "key.refused")) == 1


def test_keys_tried_by_the_thousand_do_not_pile_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = [], threading.Event()

    def slow(control: object, secret: str, reason: str, said: str) -> None:
        begun.append(secret)
        go.wait(10)

    monkeypatch.setattr(key_uses, "refuse", slow)
    sightings = Sightings(world.catalogue)
    for n in range(5000):
        sightings.refused(f"ahq_{n}", "key", "")
    go.set()
    sightings.close()
    assert len(begun) == 100
