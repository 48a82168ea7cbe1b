"""Definitions that change while runs are in flight (L8): no edit repeats an effect, a run keeps its revision."""

from itertools import permutations
from pathlib import Path

import pytest

from appliance.domain import runs
from appliance.engine.work import Work
from tests.engine.floor import Dead, Floor, comment, finish
from tests.engine.programs import Act, World, program

STEPS = ("once", "keyed", "checkable", "tx")


def play(world: World, steps: tuple[str, ...], dies: bool = False) -> Act:
    def act(work: Work) -> str:
        for effect in steps:
            work.step(effect, lambda _, effect=effect: world.change(effect), effect=effect)  # type: ignore[misc]
        if dies:
            raise Dead
        return "done"

    return act


@pytest.mark.parametrize("died_after", range(1, len(STEPS) + 1))
def test_no_other_order_of_steps_repeats_an_effect(floor: Floor, tmp_path: Path, died_after: int) -> None:
    seen = set()
    with program(floor, play(World(tmp_path / "none"), ())) as made:
        for n, order in enumerate(permutations(STEPS)):
            world = World(tmp_path / f"{n}")
            made.change(play(world, STEPS[:died_after], dies=True))
            task = made.task()
            made.killed(task)
            made.change(play(world, order))
            floor.work()
            state, code, _ = floor.outcome(task)
            seen.add((state, code))
            assert len(world.changes) == len(set(world.changes))
            assert state == "parked" or sorted(world.changes) == sorted(STEPS)
    assert ("succeeded", "") in seen
    assert (("parked", "mismatch") in seen) == (died_after < len(STEPS)), "what was all done may be passed in any order"


def test_a_run_in_flight_keeps_the_revision_of_its_agent(floor: Floor) -> None:
    task = floor.task(comment("One"), comment("Two"), finish())
    floor.die_after(3)
    floor.take_back()
    floor.change_agent(instructions="Do something else.", model="sim-deep", tools=["workspace.read"])
    floor.work()
    assert floor.outcome(task) == ("succeeded", "", "done")
    assert floor.comments(task) == ["One", "Two"]
    assert {call.model for call in floor.ledger(task)} == {"simulated"}
    run = runs.of_task(floor.db, task.id)[0]
    assert (run.agent_revision, floor.ada.revision) == (1, 2)
