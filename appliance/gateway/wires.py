"""The kinds of provider a person can add, and the wire each of them speaks."""

from collections.abc import Callable
from types import ModuleType

from msgspec import Struct

from appliance.gateway import simulated
from appliance.gateway.types import Billing


class Kind(Struct, frozen=True):
    """`wire` returns a module with `send` and `models`; `base_url` is the default, "" when the owner must give one."""

    title: str
    wire: Callable[[], ModuleType]
    base_url: str = ""
    billing: Billing = "metered"
    needs_secret: bool = False
    network: bool = True


def _chat_completions() -> ModuleType:
    from appliance.gateway import openai_compatible  # noqa: PLC0415  brings aiohttp, 0.3 s that no start should wait for

    return openai_compatible


def _messages() -> ModuleType:
    from appliance.gateway import anthropic  # noqa: PLC0415  brings aiohttp, 0.3 s that no start should wait for

    return anthropic


KINDS: dict[str, Kind] = {
    "openai": Kind("OpenAI", _chat_completions, "https://api.openai.com/v1", needs_secret=True),
    "anthropic": Kind("Anthropic", _messages, "https://api.anthropic.com", needs_secret=True),
    "openai-compatible": Kind("OpenAI-compatible server", _chat_completions),
    "anthropic-compatible": Kind("Anthropic-compatible server", _messages),
    "ollama": Kind("Ollama on this machine", _chat_completions, "http://127.0.0.1:11434/v1", billing="local"),
    "simulated": Kind("Simulated provider", lambda: simulated, network=False),
}
