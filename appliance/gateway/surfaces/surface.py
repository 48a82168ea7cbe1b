"""The four surfaces by name, and the shape they share."""

from types import ModuleType
from typing import Protocol

from appliance.gateway.surfaces import chat, embeddings, messages, responses
from appliance.gateway.surfaces.told import Told

SURFACES: dict[str, ModuleType] = {module.PROTOCOL: module for module in (messages, chat, responses, embeddings)}
# What the wire of each kind of account speaks; everything else has to be translated.
SPOKEN: dict[str, frozenset[str]] = {
    "anthropic": frozenset({"messages"}),
    "anthropic-compatible": frozenset({"messages"}),
    "openai": frozenset({"chat", "responses", "embeddings"}),
    "openai-compatible": frozenset({"chat", "embeddings"}),
    "ollama": frozenset({"chat", "embeddings"}),
}


class Meter(Protocol):
    told: Told

    def whole(self, body: bytes) -> None: ...

    def take(self, event: bytes) -> bool: ...


def spoken(surface: str, kind: str) -> str:
    """The protocol in which an account of `kind` is asked: the tool's own where it can be; "" where there is none."""
    known = SPOKEN[kind]
    if surface in known:
        return surface
    if surface == "embeddings":
        return ""
    return "messages" if "messages" in known else "chat"
