"""Whole answers of the Messages API. Source: its API reference."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from appliance.gateway.translate import counts, tools, troubles
from appliance.gateway.translate.deltas import Answer, Argued, Begun, Called, Delta, Ended, Said, Stop, Thought
from appliance.gateway.translate.form import Call, Refusal, compact, decode

STOPS: dict[str, Stop] = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "context",
    "refusal": "filtered",
    "pause_turn": "pause",
}
_REASONS = {stop: reason for reason, stop in STOPS.items()}


class _Block(Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    id: str = ""
    name: str = ""
    input: Any = None


class _Message(Struct):
    type: str = "message"
    id: str = ""
    content: list[_Block] = []
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: counts.MessagesUsage | None = None
    error: Any = None


def read(body: bytes) -> Iterable[Delta]:
    """Raises Untranslatable."""
    message = decode(body, _Message, "a Messages answer")
    if message.type == "error":
        yield troubles.read(message.error)
        return
    told = message.usage or counts.MessagesUsage()
    yield Begun(message.id, told.canonical())
    for block in message.content:
        match block.type:
            case "text":
                yield Said(block.text)
            case "thinking":
                yield Thought(block.thinking)
            case "tool_use":
                yield Called(block.id, block.name)
                yield Argued(msgspec.json.encode(block.input or {}).decode())
    stop = STOPS.get(message.stop_reason or "", "stop")
    yield Ended(stop, told.canonical(), message.stop_sequence, told.service_tier or "")


def write(answer: Answer, model: str) -> bytes:
    """Thinking is left out: without its signature no later request with it would be taken."""
    end = answer.end or Ended()
    body = {
        "id": answer_id(answer.id),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [_block(part) for part in answer.parts],
        "stop_reason": reason(end.stop, answer),
        "stop_sequence": end.sequence,
        "usage": counts.as_messages(end.usage) | compact(service_tier=_tier(end.tier)),
    }
    return msgspec.json.encode(body)


def reason(stop: Stop, answer: Answer) -> str:
    refused = any(isinstance(part, Refusal) for part in answer.parts)
    return _REASONS["filtered" if refused else stop]


def answer_id(given: str) -> str:
    return f"msg_{tail(given)}"


def tail(given: str) -> str:
    """An id of another protocol without its own prefix."""
    for prefix in ("chatcmpl-", "msg_", "resp_"):
        given = given.removeprefix(prefix)
    return given or "none"


def _block(part: Any) -> dict[str, Any]:
    if isinstance(part, Call):
        return {"type": "tool_use", "id": part.id, "name": part.name, "input": tools.as_object(part.arguments)}
    return {"type": "text", "text": part.text}


def _tier(tier: str) -> str | None:
    return {"default": "standard", "standard": "standard", "priority": "priority", "batch": "batch"}.get(tier)
