"""Streams of the Responses API. Source: the streaming reference of OpenAI, and the events that Codex reads."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from appliance.gateway.translate import responses_answer, troubles
from appliance.gateway.translate.deltas import (
    Answer,
    Argued,
    Begun,
    Broke,
    Called,
    Declined,
    Delta,
    Ended,
    Part,
    Said,
    Thought,
)
from appliance.gateway.translate.form import Call, Refusal, decode
from appliance.gateway.translate.responses_answer import CALLS, Item, Response
from appliance.gateway.translate.sse import event


class _Event(Struct):
    type: str = ""
    response: Response | None = None
    item: Item | None = None
    delta: Any = ""
    code: str | None = None
    message: str | None = None
    error: Any = None


_THOUGHTS = {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}
_ARGUMENTS = {"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"}


class Reader:
    """Takes the text from its deltas; the arguments of a call, too, or from its end where a server sends no deltas."""

    def __init__(self) -> None:
        self._called = False
        self._argued = False

    def take(self, data: bytes) -> Iterable[Delta]:
        """Raises Untranslatable."""
        if data.strip() == b"[DONE]":
            return
        event = decode(data, _Event, "an event of the Responses API")
        response = event.response or Response()
        match event.type:
            case "response.created":
                yield Begun(response.id)
            case "response.completed" | "response.incomplete":
                yield responses_answer.ended(response, called=self._called)
            case "response.failed":
                yield troubles.read(response.error)
            case "error":
                yield troubles.read(event.error or {"code": event.code, "message": event.message})
            case _:
                yield from self._piece(event)

    def end(self) -> Iterable[Delta]:
        return ()

    def _piece(self, event: _Event) -> Iterable[Delta]:
        if event.type == "response.output_text.delta":
            yield Said(event.delta)
        elif event.type == "response.refusal.delta":
            yield Declined(event.delta)
        elif event.type in _THOUGHTS:
            yield Thought(event.delta)
        elif event.type in _ARGUMENTS and event.delta:
            self._argued = True
            yield Argued(event.delta)
        elif event.item and event.item.type in CALLS:
            yield from self._call(event.type, event.item)

    def _call(self, kind: str, item: Item) -> Iterable[Delta]:
        if kind == "response.output_item.added":
            self._called, self._argued = True, False
            yield Called(item.call_id or item.id or "", item.name, CALLS[item.type])
        elif kind == "response.output_item.done" and not self._argued:
            yield Argued(responses_answer.argued(item))


class Writer:
    """Each run of text, each refusal and each call is one output item."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._answer = Answer()
        self._begun = False
        self._open = False
        self._number = 0

    def write(self, delta: Delta) -> bytes:
        if isinstance(delta, Thought):
            return b""
        before = len(self._answer.parts)
        closing = self._answer.parts[-1:] if self._open else []
        self._answer.take(delta)
        grown = len(self._answer.parts) > before
        events = [*self._begin()]
        if closing and (grown or isinstance(delta, Ended)):
            events += self._close(closing[0], before - 1)
        if grown:
            events += self._start()
        return b"".join(self._numbered(fields) for fields in (*events, *self._next(delta)))

    def _numbered(self, fields: dict[str, Any]) -> bytes:
        self._number += 1
        return event(fields | {"sequence_number": self._number - 1})

    def _begin(self) -> Iterable[dict[str, Any]]:
        if not self._begun:
            self._begun = True
            opening = responses_answer.opening(self._answer.id, self._model)
            yield {"type": "response.created", "response": opening}
            yield {"type": "response.in_progress", "response": opening}

    def _start(self) -> Iterable[dict[str, Any]]:
        self._open = True
        part, at = self._answer.parts[-1], len(self._answer.parts) - 1
        item = responses_answer.as_item(part, self._answer.id, at, "in_progress")
        yield {"type": "response.output_item.added", "output_index": at, "item": item}
        if not isinstance(part, Call):
            content = responses_answer.as_content(type(part)(""))
            yield self._at("response.content_part.added", part, at) | {"part": content}

    def _next(self, delta: Delta) -> Iterable[dict[str, Any]]:
        match delta:
            case Said() | Declined() | Argued():
                yield from self._grow(delta.text)
            case Ended():
                whole = responses_answer.whole(self._answer, self._model)
                yield {"type": f"response.{whole['status']}", "response": whole}
            case Broke():
                whole = responses_answer.whole(self._answer, self._model)
                yield {"type": "response.failed", "response": whole}
            case Begun() | Called() | Thought():
                pass

    def _grow(self, text: str) -> Iterable[dict[str, Any]]:
        part, at = self._answer.parts[-1], len(self._answer.parts) - 1
        kind = _kind(part)
        if kind:
            more: dict[str, Any] = {"logprobs": []} if kind == "output_text" else {}
            yield self._at(f"response.{kind}.delta", part, at) | {"delta": text} | more

    def _close(self, part: Part, at: int) -> Iterable[dict[str, Any]]:
        self._open = False
        kind = _kind(part)
        if isinstance(part, Call) and kind:
            name = "input" if part.kind == "custom" else "arguments"
            yield self._at(f"response.{kind}.done", part, at) | {name: part.arguments}
        elif not isinstance(part, Call):
            content = responses_answer.as_content(part)
            more: dict[str, Any] = (
                {"refusal": part.text} if isinstance(part, Refusal) else {"text": part.text, "logprobs": []}
            )
            yield self._at(f"response.{kind}.done", part, at) | more
            yield self._at("response.content_part.done", part, at) | {"part": content}
        item = responses_answer.as_item(part, self._answer.id, at)
        yield {"type": "response.output_item.done", "output_index": at, "item": item}

    def _at(self, kind: str, part: Part, at: int) -> dict[str, Any]:
        found = {"type": kind, "item_id": responses_answer.item_id(part, self._answer.id, at), "output_index": at}
        return found if isinstance(part, Call) else found | {"content_index": 0}


def _kind(part: Part) -> str:
    """What the deltas of a part are called; a shell call comes whole."""
    if isinstance(part, Call):
        kinds = {"function": "function_call_arguments", "custom": "custom_tool_call_input", "local_shell": ""}
        return kinds[part.kind]
    return "refusal" if isinstance(part, Refusal) else "output_text"
