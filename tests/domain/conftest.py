from collections.abc import Iterator
from functools import partial

import pytest

from appliance import clock
from tests.domain.aiming import Range
from tests.domain.hooking import Make, Outside
from tests.domain.scheduling import NOON, Calendar
from tests.domain.waking import Office, open_office
from tests.world import World


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    with world.db() as db:
        yield open_office(world, db)


@pytest.fixture
def outside(world: World) -> Iterator[Make]:
    """Makes hooks of Acme: outside(target, scheme…)."""
    with world.control() as control, world.db() as db:
        yield partial(Outside, world, control, db)


@pytest.fixture
def calendar(office: Office) -> Iterator[Calendar]:
    """The clock stands at noon of a Monday while a test does nothing about it."""
    with clock.frozen(clock.parse(NOON)):
        yield Calendar(office)


@pytest.fixture
def aim(world: World) -> Iterator[Range]:
    with world.db() as db:
        yield Range(world, db)
