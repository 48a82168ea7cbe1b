"""Whole answers of chat completions. Source: the API reference of OpenAI; how other servers differ is noted."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from appliance import clock
from appliance.gateway.translate import counts, troubles
from appliance.gateway.translate.deltas import (
    Answer,
    Argued,
    Begun,
    Called,
    Declined,
    Delta,
    Ended,
    Said,
    Stop,
    Thought,
)
from appliance.gateway.translate.form import Call, Refusal, Text, Untranslatable, compact, decode
from appliance.gateway.translate.messages_answer import tail

STOPS: dict[str, Stop] = {
    "stop": "stop",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "length": "length",
    "content_filter": "filtered",
}
REASONS: dict[Stop, str] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "tool_calls": "tool_calls",
    "length": "length",
    "context": "length",
    "filtered": "content_filter",
    "pause": "stop",
}


class Function(Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class ToolCall(Struct):
    index: int | None = None
    id: str | None = None
    function: Function | None = None


class Message(Struct):
    """A delta, or a whole message. `reasoning_content` and `reasoning` are what other servers call their thinking."""

    content: str | list[Any] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: Any = None
    tool_calls: list[ToolCall] | None = None

    def plain(self) -> Iterable[Delta]:
        thought = self.reasoning_content or (self.reasoning if isinstance(self.reasoning, str) else "")
        if thought:
            yield Thought(thought)
        said = self.content if isinstance(self.content, str) else _joined(self.content or [])
        if said:
            yield Said(said)
        if self.refusal:
            yield Declined(self.refusal)


class Choice(Struct):
    delta: Message | None = None
    message: Message | None = None
    finish_reason: str | None = None


class Chunk(Struct):
    """An event of a stream, or a whole answer."""

    id: str | None = None
    service_tier: str | None = None
    choices: list[Choice] | None = None
    usage: counts.OpenAIUsage | None = None
    error: Any = None


def read(body: bytes) -> Iterable[Delta]:
    """Raises Untranslatable."""
    whole = decode(body, Chunk, "a chat-completions answer")
    if whole.error is not None:
        yield troubles.read(whole.error)
        return
    if not whole.choices:
        raise Untranslatable("There are no choices in this answer.")
    message = whole.choices[0].message or Message()
    yield Begun(whole.id or "")
    yield from message.plain()
    for at, call in enumerate(message.tool_calls or []):
        function = call.function or Function()
        yield Called(call.id or made_id(whole.id, at), function.name or "")
        yield Argued(as_json(function.arguments) or "{}")
    yield ended(whole, whole.choices[0].finish_reason or "", called=bool(message.tool_calls))


def ended(chunk: Chunk, reason: str, *, called: bool) -> Ended:
    """Some servers say "stop" after a tool call."""
    stop = STOPS.get(reason, "stop")
    told = chunk.usage.canonical() if chunk.usage else None
    return Ended("tool_calls" if called and stop == "stop" else stop, told, tier=chunk.service_tier or "")


def made_id(answer_id: str | None, at: int) -> str:
    """An id for a call of a server that gives none: no two of a conversation may be the same."""
    return f"call_{tail(answer_id or '')}_{at}"


def as_json(arguments: str | dict[str, Any] | None) -> str:
    return msgspec.json.encode(arguments).decode() if isinstance(arguments, dict) else arguments or ""


def write(answer: Answer, model: str) -> bytes:
    end = answer.end or Ended()
    said = "".join(part.text for part in answer.parts if isinstance(part, Text))
    refused = "".join(part.text for part in answer.parts if isinstance(part, Refusal))
    message: dict[str, Any] = {"role": "assistant", "content": said or None, "refusal": refused or None}
    if answer.thought:
        message["reasoning_content"] = answer.thought
    if answer.calls:
        message["tool_calls"] = [as_call(call) for call in answer.calls]
    body = opening(answer.id, model, "chat.completion") | {
        "choices": [{"index": 0, "message": message, "finish_reason": REASONS[end.stop], "logprobs": None}]
    }
    return msgspec.json.encode(body | compact(usage=counts.as_chat(end.usage), service_tier=tier(end.tier)))


def opening(answer_id: str, model: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{tail(answer_id)}",
        "object": kind,
        "created": int(clock.now().timestamp()),
        "model": model,
    }


def as_call(call: Call) -> dict[str, Any]:
    if call.kind == "custom":
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def tier(told: str) -> str | None:
    return {"standard": "default", "default": "default", "priority": "priority", "flex": "flex"}.get(told)


def _joined(pieces: list[Any]) -> str:
    texts = (piece.get("text") for piece in pieces if isinstance(piece, dict) and piece.get("type") == "text")
    return "".join(text for text in texts if isinstance(text, str))
