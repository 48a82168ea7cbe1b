"""What must be done first: no circles, no strangers."""

from collections.abc import Iterator

import pytest

from appliance.db.database import Database
from appliance.domain import blockers, tasks
from appliance.domain.actor import Actor
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import Task
from appliance.errors import Problem
from tests.world import World


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def otto(world: World) -> Actor:
    return world.otto.actor


@pytest.fixture
def chain(db: Database, otto: Actor) -> list[Task]:
    """Four tasks; each waits for the one before it."""
    made = [tasks.create(db, otto, NewTask(f"Task {n}")) for n in range(4)]
    for first, second in zip(made, made[1:], strict=False):
        blockers.put(db, otto, second.id, first.id)
    return made


def refused(*args: object) -> str:
    with pytest.raises(Problem) as caught:
        blockers.put(*args)  # type: ignore[arg-type]
    return caught.value.code


@pytest.mark.parametrize(("waiting", "blocker"), [(0, 0), (0, 1), (0, 3), (1, 3)])
def test_a_circle_is_refused(db: Database, otto: Actor, chain: list[Task], waiting: int, blocker: int) -> None:
    assert refused(db, otto, chain[waiting].id, chain[blocker].id) == "invalid"
    assert tasks.open_blockers(db, chain[0].id) == []


def test_before_and_after(db: Database, otto: Actor, chain: list[Task]) -> None:
    assert [task.title for task in blockers.before(db, chain[1].id)] == ["Task 0"]
    assert [task.title for task in blockers.after(db, chain[1].id)] == ["Task 2"]


def test_a_removed_edge_holds_no_longer(db: Database, otto: Actor, chain: list[Task]) -> None:
    blockers.remove(db, otto, chain[1].id, chain[0].id)
    assert tasks.open_blockers(db, chain[1].id) == []
    blockers.put(db, otto, chain[0].id, chain[1].id)


def test_the_same_edge_twice_is_one_with_the_newer_rule(db: Database, otto: Actor, chain: list[Task]) -> None:
    blockers.put(db, otto, chain[1].id, chain[0].id, "release")
    assert db.rows("SELECT on_cancel FROM task_blockers WHERE task_id = :id", {"id": chain[1].id}) == [
        {"on_cancel": "release"}
    ]


def test_unknown_rules_unknown_tasks_and_viewers_are_refused(
    db: Database, otto: Actor, chain: list[Task], world: World
) -> None:
    assert refused(db, otto, chain[0].id, chain[3].id, "explode") == "invalid"
    assert refused(db, otto, chain[0].id, "999") == "not_found"
    assert refused(db, world.bob.actor, chain[3].id, chain[0].id) == "forbidden"
    with world.db(world.globex) as theirs:
        assert refused(theirs, world.charlie.actor, chain[3].id, chain[0].id) == "not_found"
