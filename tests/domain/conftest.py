from collections.abc import Iterator
from functools import partial

import pytest

from tests.domain.hooking import Make, Outside
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
