"""When backups and drills happen by themselves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from appliance import clock
from appliance.backup import due, rows
from appliance.backup.due import Keeper, Plan
from appliance.backup.means import Means
from appliance.domain.actor import SYSTEM
from tests.world import World

START = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)


@pytest.fixture
def keeper(world: World) -> Iterator[Keeper]:
    made = Keeper(Means(world.catalogue, world.vault))
    yield made
    made.stop()


def look(world: World, keeper: Keeper, hours: float) -> tuple[int, int]:
    """How many backups and drills of Acme there are after a look so many hours later."""
    with clock.frozen(START + timedelta(hours=hours)):
        keeper.look()
    with world.control() as control:
        return len(rows.of(control, world.acme.id)), len(rows.drills(control, world.acme.id))


def test_the_first_night_makes_the_first_backup_and_a_week_the_first_drill(world: World, keeper: Keeper) -> None:
    assert [look(world, keeper, hours) for hours in (0, 1, 6.4)] == [(0, 0)] * 3
    assert look(world, keeper, 6.6) == (1, 0)
    assert look(world, keeper, 6.7) == (1, 0)
    look(world, keeper, 7 * 24 + 0.1 + 7)
    made, drilled = look(world, keeper, 7 * 24 + 0.2 + 7)
    assert (made >= 1, drilled) == (True, 1)


def test_every_hour_when_that_is_wished_and_never_when_off(world: World, keeper: Keeper) -> None:
    with world.control() as control:
        due.set_plan(control, SYSTEM, Plan(every_hours=1))
    assert look(world, keeper, 0) == (0, 0)
    assert look(world, keeper, 0.6) == (1, 0)
    with world.db() as db:
        db.next_number("changed")
    with world.control() as control:
        due.set_plan(control, SYSTEM, Plan(on=False))
    assert look(world, keeper, 500) == (1, 0)
