"""A run taken up again must walk the path it walked before; when its program has changed it is set aside instead."""

from collections.abc import Iterator
from typing import Any

import pytest

from appliance.engine.work import Work
from tests.engine.floor import Dead, Floor
from tests.engine.programs import Program, program, states


class Path:
    """Steps by name; the worker dies at "die" when it is there."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def of(self, *names: str, given: Any = None) -> Any:
        def act(work: Work) -> str:
            for name in names:
                if name == "die":
                    raise Dead
                work.step(name, lambda key: self.did.append(key.partition(":")[2]), given)
            return "walked"

        return act


@pytest.fixture
def path() -> Path:
    return Path()


@pytest.fixture
def walker(floor: Floor, path: Path) -> Iterator[Program]:
    with program(floor, path.of("a", "b", "die", "c")) as made:
        yield made


def test_the_same_path_goes_on_where_it_was(floor: Floor, path: Path, walker: Program) -> None:
    task = walker.task()
    walker.killed(task)
    walker.change(path.of("a", "b", "c"))
    floor.work()
    assert (floor.now(task).state, path.did) == ("done", ["a", "b", "c"])


@pytest.mark.parametrize(
    "changed",
    [("new", "a", "b", "c"), ("a", "new", "b", "c"), ("a", "c"), ("renamed", "b", "c")],
)
def test_an_inserted_moved_dropped_or_renamed_step_parks_the_run(
    floor: Floor, path: Path, walker: Program, changed: tuple[str, ...]
) -> None:
    task = walker.task()
    walker.killed(task)
    walker.change(path.of(*changed))
    floor.work()
    assert floor.outcome(task) == ("parked", "mismatch", "blocked")
    assert path.did == ["a", "b"], "no effect is done again, and none that the old program did not reach"


def test_another_input_for_a_recorded_step_parks_the_run(floor: Floor, path: Path, walker: Program) -> None:
    task = walker.task()
    walker.killed(task)
    walker.change(path.of("a", "b", "c", given={"other": "input"}))
    floor.work()
    assert floor.outcome(task) == ("parked", "mismatch", "blocked")


def test_a_step_added_behind_what_was_done_is_fine(floor: Floor, path: Path, walker: Program) -> None:
    task = walker.task()
    walker.killed(task)
    walker.change(path.of("a", "b", "more", "c"))
    floor.work()
    assert path.did == ["a", "b", "more", "c"]
    assert states(floor.steps(task)) == [(key, "done") for key in path.did]


def test_two_recorded_steps_that_changed_places_harm_nothing(floor: Floor, path: Path, walker: Program) -> None:
    task = walker.task()
    walker.killed(task)
    walker.change(path.of("b", "a", "c"))
    floor.work()
    assert (floor.now(task).state, path.did) == ("done", ["a", "b", "c"])


def test_a_runtime_this_program_does_not_know_parks_the_run(floor: Floor) -> None:
    with program(floor, lambda work: "x") as made:
        task = made.task()
    floor.work()
    assert floor.outcome(task) == ("parked", "version", "blocked")


def test_the_same_name_twice_is_two_steps(floor: Floor, path: Path, walker: Program) -> None:
    walker.change(path.of("a", "a", "a"))
    task = walker.done()
    assert [key for key, _ in states(floor.steps(task))] == ["a", "a#2", "a#3"]
