"""Messages, chat completions and Responses, each into each: requests, whole answers and streams.

Pure: no network, no database. One reader and one writer for each protocol, with one form between them.
"""

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from msgspec import Struct

from appliance.gateway.translate import (
    chat_answer,
    chat_read,
    chat_stream,
    chat_write,
    messages_answer,
    messages_read,
    messages_stream,
    messages_write,
    responses_answer,
    responses_read,
    responses_stream,
    responses_write,
    tools,
    troubles,
)
from appliance.gateway.translate.deltas import (
    Answer,
    Argued,
    Broke,
    Called,
    Declined,
    Delta,
    Ended,
    Said,
    Thought,
    gathered,
)
from appliance.gateway.translate.form import Call, Prompt, Protocol, Untranslatable
from appliance.gateway.translate.sse import Events

__all__ = ["AT_HOME", "Back", "Protocol", "Stream", "Translated", "Untranslatable", "read", "reply", "request"]

_READ: dict[str, ModuleType] = {"messages": messages_read, "chat": chat_read, "responses": responses_read}
_WRITE: dict[str, ModuleType] = {"messages": messages_write, "chat": chat_write, "responses": responses_write}
_ANSWER: dict[str, ModuleType] = {"messages": messages_answer, "chat": chat_answer, "responses": responses_answer}
_STREAM: dict[str, ModuleType] = {"messages": messages_stream, "chat": chat_stream, "responses": responses_stream}


class Back(Struct, frozen=True):
    """What the way back must know of the request: its own names for tools, and whether it wants usage streamed."""

    origins: tools.Origins = {}
    usage_wanted: bool = True


AT_HOME = Back()


class Translated(Struct, frozen=True):
    """`lossy` names in short stable words what the target can't carry; `back` belongs to `reply` and `Stream`."""

    body: bytes
    lossy: tuple[str, ...] = ()
    back: Back = AT_HOME


def request(source: Protocol, target: Protocol, body: bytes, model: str) -> Translated:
    """The request of a client that speaks `source`, for `model` at a server that speaks `target`.

    Raises Untranslatable where the target can't carry at all what is asked.
    """
    prompt, back = read(source, body)
    written = _WRITE[target].write(prompt, model)
    return Translated(written, tuple(sorted(prompt.lossy)), back)


def read(source: Protocol, body: bytes) -> tuple[Prompt, Back]:
    """Raises Untranslatable."""
    prompt: Prompt = _READ[source].read(body)
    return prompt, Back(tools.origins(prompt), prompt.usage_wanted)


def reply(source: Protocol, target: Protocol, body: bytes, asked_model: str, back: Back = AT_HOME) -> bytes:
    """A whole answer of `target` in the words of `source`. Raises Untranslatable for what is no answer."""
    return written(source, gathered(renamed(_ANSWER[target].read(body), back)), asked_model)


def written(source: Protocol, answer: Answer, asked_model: str) -> bytes:
    """Raises Untranslatable for an answer that broke off."""
    if answer.broke:
        raise Untranslatable(answer.broke.message)
    body: bytes = _ANSWER[source].write(answer, asked_model)
    return body


class Stream:
    """The events of `target` as events of `source`, from pieces of bytes cut anywhere."""

    def __init__(self, source: Protocol, target: Protocol, asked_model: str, back: Back = AT_HOME) -> None:
        self._events = Events()
        self._reader: Any = _STREAM[target].Reader()
        self._whole = _ANSWER[target].read
        self._out = Out(source, asked_model, back)

    def whole(self, body: bytes) -> bytes:
        """All events at once, of a server that was asked for a stream and sent its answer in one piece."""
        try:
            return self._out.write(self._whole(body)) + self._out.end()
        except Untranslatable as garbage:
            return self._out.write([Broke("server", garbage.message)])

    def feed(self, piece: bytes) -> bytes:
        return b"".join(self._told(data) for data in self._events.feed(piece))

    def _told(self, data: bytes) -> bytes:
        try:
            return self._out.write(self._reader.take(data))
        except Untranslatable as garbage:
            return self._out.write([Broke("server", garbage.message)])

    def end(self) -> bytes:
        """What is still to say when the target has closed; an answer without its end ends as an error."""
        return self._rest() + self._out.write(self._reader.end()) + self._out.end()

    def _rest(self) -> bytes:
        try:
            return b"".join(self._out.write(self._reader.take(data)) for data in self._events.end())
        except Untranslatable:
            return b""  # Half an event: what is said of it is that it broke off.


class Out:
    """Pieces of an answer → the events of a protocol; nothing follows an end or an error."""

    def __init__(self, source: Protocol, asked_model: str, back: Back = AT_HOME) -> None:
        more = {} if source != "chat" else {"usage_wanted": back.usage_wanted}
        self._writer: Any = _STREAM[source].Writer(asked_model, **more)
        self._names = _Names(back)
        self.over = False

    def write(self, deltas: Iterable[Delta]) -> bytes:
        out = b""
        for delta in deltas:
            for told in () if self.over else self._names.take(delta):
                out += self._writer.write(told)
            self.over = self.over or isinstance(delta, Ended | Broke)
        return out

    def end(self) -> bytes:
        return self.write([troubles.CUT])


class _Names:
    """Calls under the names the client knows; the free text of a custom tool is told when it is whole."""

    def __init__(self, back: Back) -> None:
        self._origins = back.origins
        self._held: Call | None = None

    def take(self, delta: Delta) -> Iterable[Delta]:
        if isinstance(delta, Said | Thought | Declined) and not delta.text:
            return
        if self._held and isinstance(delta, Argued):
            self._held = Call(self._held.id, self._held.name, self._held.arguments + delta.text)
            return
        if self._held:
            yield from _told(tools.back(self._held, self._origins))
            self._held = None
        origin = self._origins.get(delta.name) if isinstance(delta, Called) else None
        if origin is None or not isinstance(delta, Called):
            yield delta
        elif origin.kind == "function" or delta.kind == "custom":
            yield Called(delta.id, origin.name, origin.kind, origin.namespace)
        else:
            self._held = Call(delta.id, delta.name, "")


def _told(call: Call) -> Iterable[Delta]:
    yield Called(call.id, call.name, call.kind, call.namespace)
    yield Argued(call.arguments)


def renamed(deltas: Iterable[Delta], back: Back) -> Iterable[Delta]:
    names = _Names(back)
    return (told for delta in deltas for told in names.take(delta))
