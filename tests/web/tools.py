"""Tools outside that call through the box: a key, an account on a fake provider, requests as the SDKs write them."""

from typing import Any

import httpx
import msgspec

from appliance.domain import budgets, keys, providers
from appliance.domain.key_forms import NewKey
from appliance.domain.provider_forms import NewProvider
from appliance.domain.providers import Provider
from tests.gateway.upstream import Answer, Upstream
from tests.world import World

CLAUDE, GPT = "claude-opus-4-8", "gpt-5"
CHAT_USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": GPT,
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}],
    "usage": CHAT_USAGE,
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": CLAUDE,
    "content": [{"type": "text", "text": "Hi."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 12, "output_tokens": 5, "cache_read_input_tokens": 300},
}


def connect(world: World, upstream: Upstream, kind: str = "openai", **given: Any) -> Provider:
    """An account of `kind` at the fake, and a cap of the tenant so that it may spend."""
    models = [CLAUDE] if kind.startswith("anthropic") else [GPT, "text-embedding-3-small"]
    new = {"name": kind, "kind": kind, "base_url": upstream.url, "secret": "sk-of-the-account", "models": models}
    with world.db() as db:
        budgets.put(db, world.alice.actor, "tenant", "", "month", 10**11)
        return providers.add(db, world.alice.actor, world.vault, NewProvider(**(new | given)))


def tool(world: World, **given: Any) -> httpx.Client:
    """A program with a key for the gateway only."""
    with world.control() as control:
        new = NewKey(**{"name": "tool", "gateway_only": True} | given)
        return world.program(keys.create(control, world.alice.actor, world.acme.id, new).secret)


def chat(**given: Any) -> bytes:
    """With spaces and an order that no serialiser of ours would write."""
    asked = {"messages": [{"role": "user", "content": "Hellö "}], "model": GPT} | given
    return b"  " + msgspec.json.format(msgspec.json.encode(asked), indent=3) + b" \n"


def message(**given: Any) -> bytes:
    asked = {"model": CLAUDE, "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]} | given
    return msgspec.json.format(msgspec.json.encode(asked), indent=1)


def said(body: object) -> Answer:
    return Answer(body=msgspec.json.format(msgspec.json.encode(body), indent=2))
