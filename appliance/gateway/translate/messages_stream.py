"""Streams of the Messages API. Source: its streaming reference. Usage there is cumulative: it replaces, never adds."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from appliance.gateway.translate import counts, troubles
from appliance.gateway.translate.deltas import (
    Answer,
    Argued,
    Begun,
    Broke,
    Called,
    Declined,
    Delta,
    Ended,
    Said,
    Thought,
)
from appliance.gateway.translate.form import Call, decode
from appliance.gateway.translate.messages_answer import STOPS, answer_id, reason
from appliance.gateway.translate.sse import event


class _Started(Struct):
    id: str = ""
    usage: counts.MessagesUsage | None = None


class _Block(Struct):
    type: str = ""
    text: str = ""
    id: str = ""
    name: str = ""


class _Delta(Struct):
    text: str = ""
    thinking: str = ""
    partial_json: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Event(Struct):
    type: str = ""
    message: _Started | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: counts.MessagesUsage | None = None
    error: Any = None


class Reader:
    """One block is open at a time, as the API has it."""

    def __init__(self) -> None:
        self._told = counts.MessagesUsage()
        self._stop = ""
        self._sequence: str | None = None
        self._open = ""
        self._argued = False

    def take(self, data: bytes) -> Iterable[Delta]:
        """Raises Untranslatable."""
        event = decode(data, _Event, "an event of the Messages API")
        match event.type:
            case "message_start":
                started = event.message or _Started()
                self._told = self._told.later(started.usage)
                yield Begun(started.id, self._told.canonical())
            case "content_block_start":
                yield from self._starts(event.content_block or _Block())
            case "content_block_delta":
                yield from self._adds(event.delta or _Delta())
            case "content_block_stop":
                yield from self._stops()
            case "message_delta":
                self._turns(event)
            case "message_stop":
                yield self._end()
            case "error":
                yield troubles.read(event.error)

    def end(self) -> Iterable[Delta]:
        """A server that leaves message_stop out has still said why it stops."""
        return [self._end()] if self._stop else []

    def _starts(self, block: _Block) -> Iterable[Delta]:
        self._open, self._argued = block.type, False
        if block.type == "tool_use":
            yield Called(block.id, block.name)
        elif block.type == "text" and block.text:
            yield Said(block.text)

    def _adds(self, delta: _Delta) -> Iterable[Delta]:
        if delta.text:
            yield Said(delta.text)
        if delta.thinking:
            yield Thought(delta.thinking)
        if delta.partial_json and self._open == "tool_use":
            self._argued = True
            yield Argued(delta.partial_json)

    def _stops(self) -> Iterable[Delta]:
        if self._open == "tool_use" and not self._argued:
            yield Argued("{}")
        self._open = ""

    def _turns(self, event: _Event) -> None:
        self._told = self._told.later(event.usage)
        if event.delta:
            self._stop = event.delta.stop_reason or self._stop
            self._sequence = event.delta.stop_sequence or self._sequence

    def _end(self) -> Ended:
        tier = self._told.service_tier or ""
        return Ended(STOPS.get(self._stop, "stop"), self._told.canonical(), self._sequence, tier)


class Writer:
    def __init__(self, model: str) -> None:
        self._model = model
        self._answer = Answer()
        self._begun = False
        self._index = -1
        self._open = False

    def write(self, delta: Delta) -> bytes:
        if isinstance(delta, Thought):
            return b""
        before = len(self._answer.parts)
        self._answer.take(delta)
        if isinstance(delta, Broke):
            return event(troubles.as_messages(delta))
        opening = self._start() if len(self._answer.parts) > before else ()
        return b"".join(event(fields) for fields in (*self._begin(delta), *opening, *self._next(delta)))

    def _begin(self, delta: Delta) -> Iterable[dict[str, Any]]:
        if self._begun:
            return
        self._begun = True
        message: dict[str, Any] = {
            "id": answer_id(self._answer.id),
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": counts.as_messages(delta.usage if isinstance(delta, Begun) else None),
        }
        yield {"type": "message_start", "message": message}

    def _next(self, delta: Delta) -> Iterable[dict[str, Any]]:
        match delta:
            case Said() | Declined():
                yield self._add({"type": "text_delta", "text": delta.text})
            case Argued():
                yield self._add({"type": "input_json_delta", "partial_json": delta.text})
            case Ended():
                yield from self._close()
                stop = {"stop_reason": reason(delta.stop, self._answer), "stop_sequence": delta.sequence}
                yield {"type": "message_delta", "delta": stop, "usage": counts.as_messages(delta.usage)}
                yield {"type": "message_stop"}

    def _start(self) -> Iterable[dict[str, Any]]:
        yield from self._close()
        self._open = True
        self._index += 1
        part = self._answer.parts[-1]
        block: dict[str, Any] = {"type": "text", "text": ""}
        if isinstance(part, Call):
            block = {"type": "tool_use", "id": part.id, "name": part.name, "input": {}}
        yield {"type": "content_block_start", "index": self._index, "content_block": block}

    def _add(self, delta: dict[str, Any]) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": self._index, "delta": delta}

    def _close(self) -> Iterable[dict[str, Any]]:
        if self._open:
            self._open = False
            yield {"type": "content_block_stop", "index": self._index}
