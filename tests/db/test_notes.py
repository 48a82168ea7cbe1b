"""What is noted in a transaction is heard in this process once it is committed, and only then."""

from typing import Any

import pytest

from tests.world import World


@pytest.fixture
def heard(world: World) -> list[Any]:
    found: list[Any] = []
    world.catalogue.attend(lambda name, notes: found.extend((name, note) for note in notes))
    return found


def test_notes_are_heard_with_the_tenant_after_the_commit(world: World, heard: list[Any]) -> None:
    with world.db() as db:
        with db.transaction():
            db.note(1)
            db.note(2)
            assert heard == []
        assert heard == [(world.acme.id, 1), (world.acme.id, 2)]


def test_what_is_rolled_back_is_not_heard_later_either(world: World, heard: list[Any]) -> None:
    with world.db() as db:
        with pytest.raises(ZeroDivisionError), db.transaction():
            db.note(1)
            raise ZeroDivisionError
        with db.transaction():
            db.note(2)
    assert heard == [(world.acme.id, 2)]


def test_a_part_that_is_undone_takes_its_notes_along(world: World, heard: list[Any]) -> None:
    with world.db() as db, db.transaction():
        db.note(1)
        with pytest.raises(ZeroDivisionError), db.attempt():
            db.note(2)
            raise ZeroDivisionError
        db.note(3)
    assert heard == [(world.acme.id, 1), (world.acme.id, 3)]


def test_one_who_fails_to_hear_harms_nobody(world: World, heard: list[Any]) -> None:
    world.catalogue._attending.insert(0, lambda name, notes: 1 // 0)
    with world.db() as db, db.transaction():
        db.note(1)
    assert heard == [(world.acme.id, 1)]
