from collections.abc import Iterator

import pytest

from tests.domain.waking import Office, open_office
from tests.world import World


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    with world.db() as db:
        yield open_office(world, db)
