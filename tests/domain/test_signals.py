"""Signals: kept before the wait, taken once, in the order they came."""

from collections.abc import Iterator

import pytest

from appliance.db.database import Database
from appliance.domain import runs, signals
from appliance.errors import Problem
from tests.domain.asking import Desk, sit_down
from tests.world import World


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def desk(world: World, db: Database) -> Desk:
    return sit_down(world, db)


def send(world: World, desk: Desk, payload: object, name: str = "paid", idem: str = "") -> signals.Signal:
    return signals.send(desk.db, world.otto.actor, desk.run.id, name, payload, idem)


def test_a_signal_before_the_wait_is_kept(world: World, desk: Desk) -> None:
    send(world, desk, {"amount": 5})
    taken = signals.take(desk.db, desk.run.id, "paid", "wait")
    assert taken
    assert (taken.payload, taken.step_key, taken.actor) == ({"amount": 5}, "wait", world.otto.actor.label)
    assert signals.take(desk.db, desk.run.id, "paid", "wait#2") is None


def test_the_same_wait_gets_the_same_signal(world: World, desk: Desk) -> None:
    sent = [send(world, desk, n) for n in range(2)]
    assert [signals.take(desk.db, desk.run.id, "paid", "wait").id for _ in range(2)] == [sent[0].id] * 2  # type: ignore[union-attr]


def test_signals_are_taken_in_the_order_they_came(world: World, desk: Desk) -> None:
    for n in range(5):
        send(world, desk, n)
        send(world, desk, -n, "other")
    assert [signals.take(desk.db, desk.run.id, "paid", f"w{n}").payload for n in range(5)] == [0, 1, 2, 3, 4]  # type: ignore[union-attr]


def test_the_same_idem_is_one_signal(world: World, desk: Desk) -> None:
    first = send(world, desk, 1, idem="invoice-7")
    assert send(world, desk, 2, idem="invoice-7") == first
    signals.take(desk.db, desk.run.id, "paid", "wait")
    assert send(world, desk, 3, idem="invoice-7").payload == 1
    assert len(signals.of_run(desk.db, desk.run.id)) == 1


def test_a_wait_that_rolls_back_gives_the_signal_back(world: World, desk: Desk) -> None:
    send(world, desk, 1)
    with pytest.raises(ZeroDivisionError), desk.db.transaction():
        assert signals.take(desk.db, desk.run.id, "paid", "wait")
        raise ZeroDivisionError
    assert signals.take(desk.db, desk.run.id, "paid", "another wait")


@pytest.mark.parametrize(("name", "state"), [("paid", "ready"), ("shipped", "waiting")])
def test_only_the_awaited_name_wakes_the_run(world: World, desk: Desk, name: str, state: str) -> None:
    desk.waits("signal")
    desk.db.update("runs", {"id": desk.run.id}, wait_key="paid")
    send(world, desk, 1, name)
    assert desk.state() == state


def test_a_finished_run_takes_no_signal_but_repeats_its_answer(world: World, desk: Desk) -> None:
    first = send(world, desk, 1, idem="a")
    with desk.db.transaction():
        runs.end(desk.db, desk.run, "succeeded")
    assert send(world, desk, 1, idem="a") == first
    with pytest.raises(Problem) as refused:
        send(world, desk, 1, idem="b")
    assert (refused.value.code, refused.value.status) == ("run_ended", 409)


def test_what_is_too_large_or_has_no_name_is_refused(world: World, desk: Desk) -> None:
    assert send(world, desk, "x" * (signals.PAYLOAD_BYTES - 2)).seq
    for payload, name, code in (("x" * signals.PAYLOAD_BYTES, "paid", "too_large"), (1, " ", "invalid")):
        with pytest.raises(Problem) as refused:
            send(world, desk, payload, name)
        assert refused.value.code == code


def test_viewers_send_nothing(world: World, desk: Desk) -> None:
    with pytest.raises(Problem) as refused:
        signals.send(desk.db, world.bob.actor, desk.run.id, "paid")
    assert refused.value.code == "forbidden"
