"""Hooks: who makes and ends them, what is stored, and one signal for one delivery."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import audit, hook_receiving, hooks, runs, signals
from appliance.domain.actor import Actor
from appliance.domain.hook_deliveries import Arrived
from appliance.domain.hook_forms import NewTaskHook
from appliance.domain.hooks import FoundHook, Hook, IssuedHook
from appliance.errors import Problem
from tests.domain.asking import Desk, sit_down
from tests.world import Browser, World


@pytest.fixture
def control(world: World) -> Iterator[Database]:
    with world.control() as control:
        yield control


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    with world.db() as db:
        yield sit_down(world, db)


def make(world: World, control: Database, desk: Desk, name: str, who: Actor | None = None) -> IssuedHook:
    new = NewTaskHook(name).of(desk.task.id)
    return hooks.create(control, desk.db, world.vault, who or world.otto.actor, new, "http://box.test")


def deliver(desk: Desk, hook: FoundHook, payload: Any, idem: str = "") -> Any:
    headers = {"content-type": "application/json"} | ({"idempotency-key": idem} if idem else {})
    arrived = Arrived(headers, msgspec.json.encode(payload), "192.0.2.7", clock.monotonic())
    return hook_receiving.receive(desk.db, hook, [], arrived).answer


@pytest.fixture
def issued(world: World, control: Database, desk: Desk) -> IssuedHook:
    return make(world, control, desk, "paid")


def token(issued: IssuedHook) -> str:
    assert issued.url.startswith("http://box.test/hooks/hook_")
    return issued.url.rpartition("/")[2]


def listed(world: World, control: Database, desk: Desk) -> list[Hook]:
    return hooks.of_task(control, world.acme.id, desk.task.id)


def test_the_address_has_256_bits_and_is_not_stored(control: Database, issued: IssuedHook) -> None:
    assert len(token(issued)) == len(hooks.PREFIX) + 43
    assert token(issued) not in str(control.rows("SELECT * FROM hooks") + control.rows("SELECT * FROM audit"))


def test_a_wrong_and_a_revoked_address_are_told_the_same(
    world: World, control: Database, desk: Desk, issued: IssuedHook
) -> None:
    for _ in range(2):
        hooks.revoke(control, world.otto.actor, world.acme.id, issued.id, desk.task.id)
    said = []
    for wrong in (token(issued), "hook_wrong", ""):
        with pytest.raises(Problem) as caught:
            hooks.find(control, wrong)
        said.append((caught.value.code, caught.value.detail))
    assert set(said) == {("not_found", "There is no such hook.")}
    assert listed(world, control, desk)[0].revoked_at
    assert [e.action for e in audit.entries(control, world.acme.id).items][:2] == ["hook.revoked", "hook.created"]


def test_use_is_noted_once_a_minute(world: World, control: Database, desk: Desk, issued: IssuedHook) -> None:
    assert listed(world, control, desk)[0].used_at is None
    hooks.find(control, token(issued))
    first = listed(world, control, desk)[0].used_at
    hooks.find(control, token(issued))
    assert listed(world, control, desk)[0].used_at == first
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        hooks.find(control, token(issued))
    assert str(listed(world, control, desk)[0].used_at) > str(first)


def test_a_viewer_makes_and_ends_no_hook(world: World, control: Database, desk: Desk, issued: IssuedHook) -> None:
    bob = world.bob.actor
    with pytest.raises(Problem, match="needs the role operator"):
        make(world, control, desk, "x", bob)
    with pytest.raises(Problem, match="needs the role operator"):
        hooks.revoke(control, bob, world.acme.id, issued.id, desk.task.id)


@pytest.mark.parametrize("who", ["charlie", "otto"])
def test_a_hook_is_found_only_in_its_own_tenant_and_task(
    world: World, control: Database, desk: Desk, issued: IssuedHook, who: str
) -> None:
    person: Browser = getattr(world, who)
    task_id = desk.task.id if who == "charlie" else "another task"
    assert hooks.of_task(control, person.tenant.id, task_id) == []
    with pytest.raises(Problem, match="no such hook"):
        hooks.revoke(control, person.actor, person.tenant.id, issued.id, task_id)
    assert hooks.find(control, token(issued)).id == issued.id


@pytest.mark.parametrize("name", ["", " ", "x" * 101])
def test_a_hook_has_the_name_of_a_signal(world: World, control: Database, desk: Desk, name: str) -> None:
    with pytest.raises(Problem) as caught:
        make(world, control, desk, name)
    assert "name" in caught.value.errors


def test_the_signal_and_its_event_name_the_hook(control: Database, desk: Desk, issued: IssuedHook) -> None:
    assert deliver(desk, hooks.find(control, token(issued)), {"amount": 5}).accepted
    (kept,) = signals.of_run(desk.db, desk.run.id)
    assert (kept.name, kept.payload, kept.actor) == ("paid", {"amount": 5}, f"hook:{issued.id}")
    event = desk.db.rows("SELECT actor, data FROM events WHERE kind = 'signal.sent'")
    assert event == [{"actor": f"hook:{issued.id}", "data": '{"name":"paid"}'}]


def test_without_an_idem_every_delivery_is_a_signal(control: Database, desk: Desk, issued: IssuedHook) -> None:
    hook = hooks.find(control, token(issued))
    assert all(deliver(desk, hook, n).accepted for n in range(3))
    assert [signal.payload for signal in signals.of_run(desk.db, desk.run.id)] == [0, 1, 2]


def test_a_delivery_of_an_earlier_run_is_not_repeated_to_the_next(
    world: World, control: Database, desk: Desk, issued: IssuedHook
) -> None:
    hook = hooks.find(control, token(issued))
    first = deliver(desk, hook, 1, "d-1")
    assert first.reason == "The signal is kept for the run."
    with desk.db.transaction():
        runs.end(desk.db, desk.run, "failed")
        desk.db.insert("runs", desk.db.rows("SELECT * FROM runs")[0] | {"id": "next", "attempt": 2, "state": "ready"})
        desk.db.update("tasks", {"id": desk.task.id}, run_id="next")
    assert deliver(desk, hook, 1, "d-1") == first
    assert signals.of_run(desk.db, "next") == []
    assert deliver(desk, hook, 2, "d-2").accepted
    assert len(signals.of_run(desk.db, "next")) == 1
