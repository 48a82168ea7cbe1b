from collections.abc import Iterator

import pytest

from appliance.gateway.client import Gateway
from tests.engine.floor import Floor
from tests.gateway.scripted import ScriptedServer, serve
from tests.world import Theatre, World


@pytest.fixture
def floor(world: World, theatre: Theatre) -> Iterator[Floor]:
    with world.db() as db:
        yield Floor(world, db, theatre.gateway)


@pytest.fixture
def provider() -> Iterator[ScriptedServer]:
    """A provider that answers the bytes a test gives it."""
    script = ScriptedServer()
    server = serve(script)
    yield script
    server.shutdown()
    server.server_close()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway of the test's own, which it may close."""
    running = Gateway()
    running.start()
    yield running
    running.close()
