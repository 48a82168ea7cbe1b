"""The chat-completions surface: aider, Continue, the OpenAI SDKs and everything that speaks like them.

Source: the Chat Completions API reference. In a stream the usage comes on a chunk of its own, or on one with choices.
"""

from typing import Any

import msgspec
from msgspec import Struct

from appliance.gateway import usages
from appliance.gateway.surfaces import bodies, events, openai_errors
from appliance.gateway.surfaces.bodies import Edit, Seen
from appliance.gateway.surfaces.faults import Fault
from appliance.gateway.surfaces.openai_errors import error as error
from appliance.gateway.surfaces.openai_errors import status as status
from appliance.gateway.surfaces.told import Told

PROTOCOL = "chat"
PATH = "/chat/completions"
PING = b": ping\n\n"
_ASKING = b'"stream_options":{"include_usage":true}'


class _Function(Struct):
    arguments: str | None = None


class _Call(Struct):
    function: _Function | None = None


class _Delta(Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(Struct):
    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None


class _Whole(Struct):
    """`choices` are not looked into."""

    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    usage: Any = None


_chunk = msgspec.json.Decoder(_Chunk)
_whole = msgspec.json.Decoder(_Whole)


def read(body: bytes) -> Seen:
    """Raises Unreadable."""
    found = bodies.fields(body)
    stream = bodies.value(found, "stream", bool, False)
    cap = bodies.value(found, "max_completion_tokens", int, 0) or bodies.value(found, "max_tokens", int, 0)
    asks = bodies.inner(found, "stream_options").get("include_usage") is True
    return Seen(bodies.model(found), stream, found, cap or None, _needs(found), wants_usage=stream and not asks)


def fitted(body: bytes, seen: Seen, model: str, usage: bool = True) -> bytes:
    """The body as the account shall get it; with `usage` a stream is asked for it where the tool did not."""
    edits = bodies.renamed(body, seen, model)
    if usage and seen.wants_usage:
        edits.append(_asking(body, seen))
    return bodies.applied(body, edits)


def _asking(body: bytes, seen: Seen) -> Edit:
    if "stream_options" not in seen.fields:
        at = body.index(b"{") + 1
        return at, at, _ASKING + b","
    begins, ends = bodies.span(body, seen.fields, "stream_options")
    options = bodies.inner(seen.fields, "stream_options") | {"include_usage": True}
    return begins, ends, msgspec.json.encode(options)


class Meter:
    """Takes what an answer tells, from a whole body or event by event.

    `drop_usage`: the box asked for the usage, so the chunk that holds nothing else is not for the tool.
    """

    def __init__(self, drop_usage: bool = False) -> None:
        self.told = Told()
        self._drop = drop_usage

    def whole(self, body: bytes) -> None:
        """Raises msgspec.DecodeError for what is no completion."""
        self._note(_whole.decode(body))
        self.told.finished = True

    def take(self, event: bytes) -> bool:
        """Read one event; whether the tool shall get it."""
        data = events.data(event)
        if not data:
            return True
        if data == b"[DONE]":
            self.told.finished = True
            return True
        try:
            chunk = _chunk.decode(data)
        except (msgspec.DecodeError, UnicodeError):
            return True
        self._note(chunk)
        self.told.error = chunk.error or self.told.error
        for choice in chunk.choices or ():
            self.told.finished = self.told.finished or choice.finish_reason is not None
            if choice.delta:
                self.told.output_bytes += _length(choice.delta)
        return not (self._drop and isinstance(chunk.usage, dict) and not chunk.choices)

    def _note(self, found: _Chunk | _Whole) -> None:
        told = self.told
        told.answer_id, told.model = found.id or told.answer_id, found.model or told.model
        told.tier = found.service_tier or told.tier
        if isinstance(found.usage, dict):
            told.usage = usages.from_chat(found.usage) or told.usage
            cost = usages.cost_nano(found.usage.get("cost"))
            told.reported_cost_nano = told.reported_cost_nano if cost is None else cost


def stream_error(fault: Fault, told: Told) -> bytes:
    """What ends a stream that has begun: an error where a chunk would be. There is no last line after it."""
    return b"data: " + msgspec.json.encode(openai_errors.said(fault)) + b"\n\n"


def _length(delta: _Delta) -> int:
    text = len(delta.content or "") + len(delta.refusal or "") + len(delta.reasoning_content or "")
    if not delta.tool_calls:
        return text
    return text + sum(len(call.function.arguments or "") for call in delta.tool_calls if call.function)


def _needs(found: dict[str, Any]) -> frozenset[str]:
    needs = {"tools"} if bodies.given(found, "tools") or bodies.given(found, "functions") else set()
    if "messages" in found and b'"image_url"' in bytes(found["messages"]):
        needs.add("vision")
    if bodies.inner(found, "response_format").get("type") == "json_schema":
        needs.add("schema")
    return frozenset(needs)
