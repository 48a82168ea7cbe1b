"""What tests of the surfaces below /gw share: a provider, and a tool of Acme that calls through the box."""

from collections.abc import Iterator

import httpx
import pytest

from tests.gateway import upstream
from tests.gateway.upstream import Upstream
from tests.web import tools
from tests.world import World


@pytest.fixture
def fake() -> Iterator[Upstream]:
    with upstream.running() as running:
        yield running


@pytest.fixture
def tool(world: World, fake: Upstream) -> httpx.Client:
    """A tool of Acme, which has an account at an OpenAI-like and at an Anthropic-like provider."""
    tools.connect(world, fake, "openai")
    tools.connect(world, fake, "anthropic")
    return tools.tool(world)
