"""Whole answers of the Responses API. Source: the API reference of OpenAI."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from appliance import clock
from appliance.gateway.translate import chat_answer, counts, tools, troubles
from appliance.gateway.translate.deltas import (
    Answer,
    Argued,
    Begun,
    Called,
    Declined,
    Delta,
    Ended,
    Part,
    Said,
    Stop,
    Thought,
)
from appliance.gateway.translate.form import Call, Refusal, Text, ToolKind, compact, decode
from appliance.gateway.translate.messages_answer import tail

CALLS: dict[str, ToolKind] = {"function_call": "function", "custom_tool_call": "custom"}
_INCOMPLETE: dict[str, Stop] = {"max_output_tokens": "length", "content_filter": "filtered"}
_REASONS: dict[Stop, str] = {
    "length": "max_output_tokens",
    "context": "max_output_tokens",
    "filtered": "content_filter",
}
_PREFIX: dict[ToolKind, str] = {"function": "fc", "custom": "ctc", "local_shell": "lsh"}


class Content(Struct):
    type: str = ""
    text: str = ""
    refusal: str = ""


class Item(Struct):
    type: str = ""
    id: str | None = None
    call_id: str | None = None
    name: str = ""
    arguments: Any = ""
    input: Any = ""
    content: list[Content] | None = None
    summary: list[Content] | None = None


class _Incomplete(Struct):
    reason: str | None = None


class Response(Struct):
    id: str = ""
    status: str | None = None
    output: list[Item] = []
    usage: counts.OpenAIUsage | None = None
    service_tier: str | None = None
    incomplete_details: _Incomplete | None = None
    error: Any = None


def read(body: bytes) -> Iterable[Delta]:
    """Raises Untranslatable."""
    response = decode(body, Response, "a Responses answer")
    if response.error is not None:
        yield troubles.read(response.error)
        return
    yield Begun(response.id)
    for item in response.output:
        yield from _item(item)
    yield ended(response, called=any(item.type in CALLS for item in response.output))


def ended(response: Response, *, called: bool) -> Ended:
    stop: Stop = "tool_calls" if called else "stop"
    if response.status == "incomplete":
        stop = _INCOMPLETE.get((response.incomplete_details or _Incomplete()).reason or "", "length")
    told = response.usage.canonical() if response.usage else None
    return Ended(stop, told, tier=response.service_tier or "")


def _item(item: Item) -> Iterable[Delta]:
    if item.type in CALLS:
        yield Called(item.call_id or item.id or "", item.name, CALLS[item.type])
        yield Argued(argued(item))
    for content in item.content or []:
        if content.type == "output_text":
            yield Said(content.text)
        elif content.type == "refusal":
            yield Declined(content.refusal)
    if item.type == "reasoning":
        yield from (Thought(piece.text) for piece in item.summary or [] if piece.text)


def argued(item: Item) -> str:
    return str(item.input) if CALLS[item.type] == "custom" else chat_answer.as_json(item.arguments) or "{}"


def write(answer: Answer, model: str) -> bytes:
    return msgspec.json.encode(whole(answer, model))


def whole(answer: Answer, model: str) -> dict[str, Any]:
    """The response object as it ends. Thinking is left out: unsigned, no later request with it would be taken."""
    end = answer.end or Ended()
    body = opening(answer.id, model) | {
        "status": "completed",
        "output": [as_item(part, answer.id, at) for at, part in enumerate(answer.parts)],
        "usage": counts.as_responses(end.usage),
    }
    if answer.broke:
        error = troubles.as_openai(answer.broke)
        body |= {"status": "failed", "error": {"code": error["code"], "message": error["message"]}}
    elif end.stop in _REASONS:
        body |= {"status": "incomplete", "incomplete_details": {"reason": _REASONS[end.stop]}}
    return body | compact(service_tier=chat_answer.tier(end.tier))


def opening(answer_id: str, model: str) -> dict[str, Any]:
    """The response object as it begins; it echoes none of the request's settings but the model."""
    return {
        "id": f"resp_{tail(answer_id)}",
        "object": "response",
        "created_at": int(clock.now().timestamp()),
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "store": False,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "truncation": "disabled",
        "usage": None,
    }


def as_item(part: Part, answer_id: str, at: int, status: str = "completed") -> dict[str, Any]:
    if isinstance(part, Call):
        return _as_call(part, item_id(part, answer_id, at), status)
    return {
        "type": "message",
        "id": item_id(part, answer_id, at),
        "status": status,
        "role": "assistant",
        "content": [as_content(part)] if status == "completed" else [],
    }


def item_id(part: Part, answer_id: str, at: int) -> str:
    prefix = _PREFIX[part.kind] if isinstance(part, Call) else "msg"
    return f"{prefix}_{tail(answer_id)}_{at}"


def as_content(part: Text | Refusal) -> dict[str, Any]:
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    return {
        "type": "output_text",
        "text": part.text,
        "annotations": [],
        "logprobs": [],
    }


def _as_call(call: Call, item: str, status: str) -> dict[str, Any]:
    if call.kind == "local_shell":
        action = {"type": "exec", "env": {}, "command": []} | tools.as_object(call.arguments)
        return {"type": "local_shell_call", "id": item, "call_id": call.id, "status": status, "action": action}
    named = compact(id=item, call_id=call.id, name=call.name, namespace=call.namespace, status=status)
    if call.kind == "custom":
        return {"type": "custom_tool_call", "input": call.arguments} | named
    return {"type": "function_call", "arguments": call.arguments} | named
