from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.engine.floor import Floor
from tests.semantics.ours.stage import Stage
from tests.world import Theatre, World


@pytest.fixture
def stage(world: World, theatre: Theatre) -> Iterator[Stage]:
    with world.db() as db, ExitStack() as opened:
        yield Stage(Floor(world, db, theatre.gateway), opened)
