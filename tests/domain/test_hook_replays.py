"""A person has a delivery carried out again, or tries what a body would do."""

import threading
from typing import Any

import msgspec
import pytest

from appliance import clock
from appliance.domain import hook_replays, hooks
from appliance.domain.actor import Actor
from appliance.domain.hook_deliveries import Arrived, Delivery
from appliance.domain.hook_replays import Unconfirmed
from appliance.domain.hook_signatures import Signing
from appliance.errors import Problem
from tests.domain.hooking import Make, Outside
from tests.world import World


def replay(desk: Outside, delivery: Delivery, confirm: bool = False, actor: Actor | None = None) -> Delivery:
    hook = hooks.get(desk.control, desk.world.acme.id, desk.id)
    return hook_replays.replay(desk.db, actor or desk.world.otto.actor, hook, delivery.id, confirm)


def try_out(desk: Outside, body: Any, actor: Actor | None = None) -> Any:
    arrived = Arrived({"content-type": "application/json"}, msgspec.json.encode(body), "", clock.monotonic())
    hook = hooks.get(desk.control, desk.world.acme.id, desk.id)
    return hook_replays.try_out(desk.db, actor or desk.world.otto.actor, hook, arrived)


def paused(desk: Outside) -> None:
    hooks.pause(desk.control, desk.world.otto.actor, desk.world.acme.id, desk.id)


def resumed(desk: Outside) -> None:
    hooks.resume(desk.control, desk.world.otto.actor, desk.world.acme.id, desk.id)


def test_a_refused_delivery_is_carried_out_as_a_new_one(outside: Make) -> None:
    desk = outside(signing=Signing("github"))
    paused(desk)
    desk.github({"subject": "A"}, webhook_id="1")
    resumed(desk)
    made = replay(desk, desk.log[0])
    assert (made.outcome, made.replay_of, made.replayed_by) == ("accepted", desk.log[0].id, desk.world.otto.actor.label)
    assert desk.made == ["Look at A"] and desk.outcomes == ["refused", "accepted"]
    [task] = desk.db.rows("SELECT created_by FROM tasks")
    assert task["created_by"] == desk.world.otto.actor.label


def test_one_that_had_an_effect_asks_first(outside: Make) -> None:
    desk = outside()
    desk.post({"subject": "A"}, webhook_id="1")
    with pytest.raises(Unconfirmed) as caught:
        replay(desk, desk.log[0])
    assert caught.value.errors["confirm"].startswith("it was carried out before (Task #1 was made")
    assert replay(desk, desk.log[0], confirm=True).outcome == "accepted"
    assert desk.made == ["Look at A"] * 2


def test_a_replay_that_had_an_effect_counts_for_the_first(outside: Make) -> None:
    desk = outside()
    paused(desk)
    desk.post({"subject": "A"})
    resumed(desk)
    replay(desk, desk.log[0])
    for delivery in desk.log:
        with pytest.raises(Unconfirmed):
            replay(desk, delivery)
    assert len(desk.log) == 2


def test_two_tabs_that_replay_at_once_make_one_task(outside: Make, world: World) -> None:
    desk = outside()
    paused(desk)
    desk.post({"subject": "A"})
    resumed(desk)
    hook, first = hooks.get(desk.control, world.acme.id, desk.id), desk.log[0]
    gate, got = threading.Barrier(8), []

    def tab() -> None:
        gate.wait()
        with world.db() as db:
            try:
                got.append(hook_replays.replay(db, world.otto.actor, hook, first.id).outcome)
            except Unconfirmed:
                got.append("asked")

    threads = [threading.Thread(target=tab) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == ["accepted"] + ["asked"] * 7
    assert desk.made == ["Look at A"]


def test_what_stands_in_the_way_is_told(outside: Make, world: World) -> None:
    desk = outside()
    desk.post({"subject": "A", "rest": "x" * 100_000})
    with pytest.raises(Problem, match="not kept whole"):
        replay(desk, desk.log[0], confirm=True)
    with pytest.raises(Problem, match="needs the role operator"):
        replay(desk, desk.log[0], actor=world.bob.actor)
    paused(desk)
    with pytest.raises(Problem, match="The hook is paused"):
        replay(desk, desk.log[0], confirm=True)
    other = outside()
    with pytest.raises(Problem, match="no such delivery"):
        replay(other, desk.log[0])


def test_a_replay_that_is_refused_says_so(outside: Make) -> None:
    desk = outside()
    desk.post({"nothing": 1})
    made = replay(desk, desk.log[0])
    assert (made.outcome, made.replay_of, made.status) == ("refused", desk.log[0].id, 200)


def test_a_try_tells_what_a_body_would_do_and_keeps_nothing(outside: Make, world: World) -> None:
    desk = outside(only_if="${{ body.subject != 'no' }}")
    events = desk.db.value("SELECT COUNT(*) FROM events")
    assert try_out(desk, {"subject": "A"}).reason == "Task #1 was made. Nothing was kept."
    assert not try_out(desk, {"subject": "no"}).accepted
    assert "nothing" not in desk.made and not try_out(desk, {}).accepted
    assert desk.made == [] and desk.log == []
    assert desk.db.value("SELECT COUNT(*) FROM events") == events
    with pytest.raises(Problem, match="needs the role operator"):
        try_out(desk, {}, world.bob.actor)
