"""Tools outside that call through the box: a key, an account on a fake provider, requests as the SDKs write them."""

import json
from typing import Any

import httpx
import msgspec

from appliance.db.database import Row
from appliance.domain import budgets, keys, providers
from appliance.domain.key_forms import NewKey
from appliance.domain.provider_forms import NewProvider
from appliance.domain.providers import Provider
from tests.gateway.upstream import Answer, Upstream
from tests.waiting import until
from tests.world import Browser, World

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


def event(data: Any, name: str = "") -> bytes:
    """With the spaces of a provider, not of our serialiser."""
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(data).encode() + b"\n\n"


def _message_events() -> list[bytes]:
    usage = {
        "input_tokens": 12,
        "cache_read_input_tokens": 300,
        "cache_creation_input_tokens": 1200,
        "output_tokens": 1,
    }
    started = {"type": "message_start", "message": MESSAGE | {"content": [], "usage": usage}}
    said = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Grüße, ja."}}
    ended = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}
    events = [started, said, said, ended, {"type": "message_stop"}]
    return [event(one, str(one["type"])) for one in events]


def _chunk(**about: Any) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": GPT, "choices": []} | about


def _choice(text: str, ended: str | None = None) -> dict[str, Any]:
    return _chunk(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": ended}], usage=None)


MESSAGE_EVENTS = _message_events()
CHAT_EVENTS = [event(_choice("Hel")), event(_choice("lo", "stop")), event(_chunk(usage=CHAT_USAGE))]
CHAT_EVENTS += [b"data: [DONE]\n\n"]


def connect(world: World, upstream: Upstream, kind: str = "openai", **given: Any) -> Provider:
    """An account of `kind` at the fake, and a cap of the tenant so that it may spend."""
    models = [CLAUDE] if kind.startswith("anthropic") else [GPT, "text-embedding-3-small"]
    new = {"name": kind, "kind": kind, "base_url": upstream.url, "secret": "sk-of-the-account", "models": models}
    with world.db() as db:
        budgets.put(db, world.alice.actor, "tenant", "", "month", 10**11)
        return providers.add(db, world.alice.actor, world.vault, NewProvider(**(new | given)))


def tool(world: World, owner: Browser | None = None, **given: Any) -> httpx.Client:
    """A program with a key for the gateway only, of Alice's tenant or the owner's."""
    whose = owner or world.alice
    with world.control() as control:
        new = NewKey(**{"name": "tool", "gateway_only": True} | given)
        return world.program(keys.create(control, whose.actor, whose.tenant.id, new).secret)


def booked(world: World, calls: int = 1) -> Row:
    """The newest of so many calls, once they are booked."""

    def found() -> list[Row]:
        with world.db() as db:
            return db.rows("SELECT * FROM calls WHERE state <> 'open' ORDER BY id DESC")

    until(lambda: len(found()) == calls, 10)
    return found()[0]


def chat(**given: Any) -> bytes:
    """With spaces and an order that no serialiser of ours would write."""
    asked = {"messages": [{"role": "user", "content": "Hellö "}], "model": GPT} | given
    return b"  " + msgspec.json.format(msgspec.json.encode(asked), indent=3) + b" \n"


def message(**given: Any) -> bytes:
    asked = {"model": CLAUDE, "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]} | given
    return msgspec.json.format(msgspec.json.encode(asked), indent=1)


def said(body: object) -> Answer:
    return Answer(body=msgspec.json.format(msgspec.json.encode(body), indent=2))
