"""Tool names on real wires: OpenAI and Anthropic take only letters, digits, `_` and `-`, ours have dots."""

import re
from collections.abc import Iterable

from appliance.gateway.types import ToolSpec

_REFUSED = re.compile(r"[^a-zA-Z0-9_-]")


def encode(name: str) -> str:
    return _REFUSED.sub("_", name.replace(".", "__"))


def decode(name: str, tools: Iterable[ToolSpec]) -> str:
    """The offered tool this wire name stands for; a name nobody offered comes back readable, so it can be refused."""
    return next((tool.name for tool in tools if encode(tool.name) == name), name.replace("__", "."))
