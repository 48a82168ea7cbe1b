"""Streams of chat completions. Source: the API reference of OpenAI; how other servers differ is noted."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from appliance.gateway.translate import chat_answer, counts, troubles
from appliance.gateway.translate.chat_answer import Chunk, Function, Message, ToolCall
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
from appliance.gateway.translate.form import decode
from appliance.gateway.translate.sse import event

DONE = b"data: [DONE]\n\n"


class _Building(Struct):
    """A call of the stream; `told` counts the characters that were passed on."""

    id: str
    name: str
    arguments: str = ""
    told: int = 0
    opened: bool = False

    @property
    def whole(self) -> bool:
        try:
            msgspec.json.decode(self.arguments)
        except msgspec.DecodeError:
            return False
        return True


class Reader:
    """Calls come out one after the other, even where the server mixes their pieces."""

    def __init__(self) -> None:
        self._begun = False
        self._last = Chunk()
        self._stop = ""
        self._calls: list[_Building] = []
        self._at: dict[int, _Building] = {}
        self._current = 0

    def take(self, data: bytes) -> Iterable[Delta]:
        """Raises Untranslatable."""
        if data.strip() == b"[DONE]":
            yield from self.end()
            return
        chunk = decode(data, Chunk, "an event of a chat-completions stream")
        if chunk.error is not None:
            yield troubles.read(chunk.error)
            return
        if not self._begun:
            self._begun = True
            yield Begun(chunk.id or "")
        self._last = Chunk(
            chunk.id or self._last.id,
            chunk.service_tier or self._last.service_tier,
            usage=chunk.usage or self._last.usage,
        )
        for choice in (chunk.choices or [])[:1]:
            self._stop = choice.finish_reason or self._stop
            yield from self._adds(choice.delta or choice.message or Message())

    def end(self) -> Iterable[Delta]:
        """Usage comes after the reason to stop; a server that leaves [DONE] out has still given the reason."""
        if self._stop:
            yield from self._tell(finished=True)
            yield chat_answer.ended(self._last, self._stop, called=bool(self._calls))

    def _adds(self, delta: Message) -> Iterable[Delta]:
        yield from delta.plain()
        for call in delta.tool_calls or []:
            self._add(call)
        if delta.tool_calls:
            yield from self._tell(finished=False)

    def _add(self, call: ToolCall) -> None:
        at, function = call.index or 0, call.function or Function()
        building = self._at.get(at)
        # Some servers number every call 0 and tell them apart by id only.
        if building is None or (call.id and call.id != building.id):
            given = call.id or chat_answer.made_id(self._last.id, len(self._calls))
            building = self._at[at] = _Building(given, function.name or "")
            self._calls.append(building)
        elif not building.opened:
            building.name += function.name or ""
        building.arguments += chat_answer.as_json(function.arguments)

    def _tell(self, *, finished: bool) -> Iterable[Delta]:
        """What is new of the current call; the next one's turn comes when the current one's arguments are whole."""
        while self._current < len(self._calls):
            call = self._calls[self._current]
            last = self._current == len(self._calls) - 1
            done = finished or (not last and call.whole)
            yield from self._more(call, done=done)
            if not done:
                return
            self._current += 1

    def _more(self, call: _Building, *, done: bool) -> Iterable[Delta]:
        if done and not call.arguments:
            call.arguments = "{}"
        if not call.opened and (done or call.arguments):
            call.opened = True
            yield Called(call.id, call.name)
        if call.opened and call.told < len(call.arguments):
            yield Argued(call.arguments[call.told :])
            call.told = len(call.arguments)


class Writer:
    def __init__(self, model: str, *, usage_wanted: bool = True) -> None:
        self._model = model
        self._usage_wanted = usage_wanted
        self._answer = Answer()
        self._begun = False

    def write(self, delta: Delta) -> bytes:
        self._answer.take(delta)
        if isinstance(delta, Broke):
            return event({"error": troubles.as_openai(delta)}, named=False)
        opening = b"" if self._begun else self._chunk({"role": "assistant", "content": ""})
        self._begun = True
        return opening + (self._end(delta) if isinstance(delta, Ended) else self._next(delta))

    def _next(self, delta: Delta) -> bytes:
        match delta:
            case Said(text):
                return self._chunk({"content": text})
            case Thought(text):
                return self._chunk({"reasoning_content": text})
            case Declined(text):
                return self._chunk({"refusal": text})
            case Called():
                return self._call(chat_answer.as_call(self._answer.calls[-1]))
            case Argued(text):
                custom = self._answer.calls[-1].kind == "custom"
                return self._call({"custom": {"input": text}} if custom else {"function": {"arguments": text}})
        return b""

    def _end(self, end: Ended) -> bytes:
        out = self._chunk({}, chat_answer.REASONS[end.stop])
        told = counts.as_chat(end.usage)
        if told and self._usage_wanted:
            opening = chat_answer.opening(self._answer.id, self._model, "chat.completion.chunk")
            out += event(opening | {"choices": [], "usage": told}, named=False)
        return out + DONE

    def _call(self, call: dict[str, Any]) -> bytes:
        return self._chunk({"tool_calls": [{"index": len(self._answer.calls) - 1} | call]})

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        opening = chat_answer.opening(self._answer.id, self._model, "chat.completion.chunk")
        return event(opening | {"choices": [choice]}, named=False)
