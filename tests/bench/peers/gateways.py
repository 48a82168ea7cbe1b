"""Other gateways in front of the same provider.

Each opens from the provider's address and the names of its models to an address, a key and the id of the process that
answers; `python` has it, and importing `module` with `env` is what its start takes. Missing is raised where it can't
be installed.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from tests.bench.peers import bare_gateway, litellm


class Peer(NamedTuple):
    opened: Callable[[str, list[str]], AbstractContextManager[tuple[str, str, int]]]
    python: Callable[[], Path]
    module: str
    env: dict[str, str]


PEERS = {
    "bare (uvicorn, aiohttp, one row)": Peer(bare_gateway.opened, bare_gateway.python, "aiohttp, uvicorn", {}),
    "LiteLLM": Peer(litellm.opened, litellm.python, litellm.MODULE, litellm.QUIET),
}
