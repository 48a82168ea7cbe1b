"""Other gateways in front of the same provider. Each entry opens one: from the provider's address to its own and a key.

An entry raises Missing where its program is not on this machine.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

PEERS: dict[str, Callable[[str], AbstractContextManager[tuple[str, str]]]] = {}
