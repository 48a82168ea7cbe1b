"""Sixty-four hands at one approval or signal: exactly one of them."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from appliance.db.database import Database
from appliance.domain import approvals, decisions, signals
from appliance.errors import Problem
from tests.domain.asking import sit_down
from tests.world import World

HANDS = 64
# A PostgreSQL pool of the tests is smaller than the crowd: each hand waits for its turn at a connection.
CROWD = threading.BoundedSemaphore(16)


def race(world: World, act: Callable[[Database, int], Any]) -> list[Any]:
    """What each hand got, refusals by their code."""
    gate = threading.Barrier(HANDS)
    got: list[Any] = [None] * HANDS

    def hand(n: int) -> None:
        gate.wait()
        try:
            with CROWD, world.db() as db:
                got[n] = act(db, n)
        except Problem as problem:
            got[n] = problem.code

    threads = [threading.Thread(target=hand, args=(n,)) for n in range(HANDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_one_of_many_consumers_wins(world: World) -> None:
    with world.db() as db:
        desk = sit_down(world, db)
        asked = desk.ask()
        decisions.decide(db, world.otto.actor, asked.id, "approve")
        got = race(world, lambda db, n: approvals.consume(db, asked.id, asked.digest))
        assert (got.count(True), got.count(False)) == (1, HANDS - 1)
        assert desk.told().count("consumed") == 1


def test_of_many_verdicts_the_first_holds(world: World) -> None:
    with world.db() as db:
        desk = sit_down(world, db)
        asked = desk.ask()
        desk.waits()
        verdicts = ("approve", "reject")
        got = race(world, lambda db, n: decisions.decide(db, world.otto.actor, asked.id, verdicts[n % 2]).state)
        won = approvals.get(db, asked.id).state
        assert sorted(set(got)) == sorted(["conflict", won])
        assert got.count(won) == got.count("conflict") == HANDS // 2
        assert desk.told() == ["requested", won]
        assert db.value("SELECT COUNT(*) AS n FROM events WHERE kind = 'run.ready'") == 1


def test_asking_from_many_sides_is_one_approval(world: World) -> None:
    with world.db() as db:
        desk = sit_down(world, db)
        got = race(world, lambda db, n: desk._replace(db=db).ask().id)
        assert len(set(got)) == 1
        assert desk.told() == ["requested"]


@pytest.mark.parametrize(("idem", "kept"), [("same", 1), ("", HANDS)])
def test_signals_from_many_sides(world: World, idem: str, kept: int) -> None:
    with world.db() as db:
        desk = sit_down(world, db)
        race(world, lambda db, n: signals.send(db, world.otto.actor, desk.run.id, "paid", n, idem))
        assert len({signal.seq for signal in signals.of_run(db, desk.run.id)}) == kept
        race(world, lambda db, n: signals.take(db, desk.run.id, "paid", f"wait#{n}"))
        taken = [signal.step_key for signal in signals.of_run(db, desk.run.id)]
        assert len(set(taken) - {None}) == kept
