"""The simulated provider behind every surface: bodies of any protocol in, that protocol's answers out."""

from collections.abc import Iterable

from appliance.gateway.failures import ProviderFailure
from appliance.gateway.translate import AT_HOME, Back, Out, read, renamed, tools, troubles, written
from appliance.gateway.translate.deltas import Argued, Begun, Broke, Called, Delta, Ended, Said, Stop, Trouble, gathered
from appliance.gateway.translate.form import Call, Document, Image, Part, Protocol, Result, Turn, text_of
from appliance.gateway.types import ChatRequest, Message, Reply, ToolCall, ToolSpec

_STOPS: dict[str, Stop] = {"stop": "stop", "tool_calls": "tool_calls", "length": "length", "filtered": "filtered"}
_TROUBLES: dict[str, Trouble] = {
    "provider_rate_limited": "rate",
    "provider_overloaded": "overloaded",
    "provider_payment": "billing",
    "provider_auth": "auth",
    "provider_not_found": "not_found",
    "provider_rejected": "invalid",
    "context_too_long": "too_long",
    "provider_timeout": "timeout",
}


def request(source: Protocol, body: bytes, model: str) -> tuple[ChatRequest, Back]:
    """What the simulated provider is asked; the Back belongs to `whole` and `Stream`. Raises Untranslatable."""
    prompt, back = read(source, body)
    offered = tuple(
        ToolSpec(tools.wire_name(tool.name, tool.namespace), tool.description, tools.schema(tool))
        for tool in prompt.tools
    )
    messages = tuple(message for turn in prompt.turns for message in _messages(turn))
    return ChatRequest(model, messages, offered, prompt.output_cap), back


def whole(source: Protocol, reply: Reply, asked_model: str, back: Back = AT_HOME) -> bytes:
    deltas = [Begun(reply.request_id), Said(reply.content), *_ending(reply)]
    return written(source, gathered(renamed(deltas, back)), asked_model)


class Stream:
    """The events of that surface, as the text comes."""

    def __init__(self, source: Protocol, asked_model: str, answer_id: str, back: Back = AT_HOME) -> None:
        self._out = Out(source, asked_model, back)
        self._begun = Begun(answer_id)
        self._said = ""

    def text(self, piece: str) -> bytes:
        opening = [] if self._said else [self._begun]
        self._said += piece
        return self._out.write([*opening, Said(piece)])

    def end(self, reply: Reply) -> bytes:
        """The rest of an answer of which some text, or none, was already told."""
        rest = reply.content.removeprefix(self._said) if reply.content.startswith(self._said) else ""
        return (self.text(rest) if rest or not self._said else b"") + self._out.write(_ending(reply))

    def failed(self, failure: ProviderFailure) -> bytes:
        return self._out.write([Broke(_TROUBLES.get(failure.code, "server"), failure.message or troubles.UNKNOWN)])


def _messages(turn: Turn) -> Iterable[Message]:
    if turn.role == "assistant":
        calls = tuple(_call(part) for part in turn.parts if isinstance(part, Call))
        yield Message("assistant", text_of(turn.parts), calls)
        return
    results = [part for part in turn.parts if isinstance(part, Result)]
    yield from (Message("tool", _seen(result.parts), tool_call_id=result.call_id) for result in results)
    said = _seen(tuple(part for part in turn.parts if not isinstance(part, Result)))
    if said:
        yield Message(turn.role, said)


def _seen(parts: tuple[Part, ...]) -> str:
    """The simulated provider reads only text; it is told what it can't see."""
    names = {Image: "[a picture]", Document: "[a document]"}
    return "\n\n".join(names.get(type(part)) or text_of((part,)) for part in parts)


def _call(call: Call) -> ToolCall:
    written = tools.plain(call)
    return ToolCall(written.id, written.name, written.arguments)


def _ending(reply: Reply) -> Iterable[Delta]:
    for call in reply.tool_calls:
        yield Called(call.id, call.name)
        yield Argued(call.arguments)
    yield Ended(_STOPS.get(reply.stop_reason, "stop"), reply.usage, tier=reply.tier)
