from collections.abc import Iterator

import pytest

from appliance.gateway.client import Gateway
from appliance.gateway.types import ToolSpec

from .scripted import ScriptedServer, serve


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    running = Gateway()
    running.start()
    yield running
    running.close()


@pytest.fixture
def provider() -> Iterator[ScriptedServer]:
    script = ScriptedServer()
    server = serve(script)
    yield script
    server.shutdown()
    server.server_close()


@pytest.fixture
def tools() -> tuple[ToolSpec, ...]:
    def spec(name: str, *properties: str) -> ToolSpec:
        schema = {
            "type": "object",
            "properties": {p: {"type": "string"} for p in properties},
            "required": [*properties],
        }
        return ToolSpec(name, name.replace(".", " "), schema)

    return spec("workspace.list"), spec("workspace.write", "path", "content"), spec("task.finish", "summary")
