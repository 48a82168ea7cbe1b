"""The Responses surface: Codex and newer OpenAI SDKs. Source: the Responses API and its streaming reference."""

from typing import Any

import msgspec
from msgspec import Struct

from appliance.gateway import usages
from appliance.gateway.surfaces import bodies, events, openai_errors
from appliance.gateway.surfaces.bodies import Seen
from appliance.gateway.surfaces.faults import Fault
from appliance.gateway.surfaces.openai_errors import error as error
from appliance.gateway.surfaces.openai_errors import status as status
from appliance.gateway.surfaces.told import Told

PROTOCOL = "responses"
PATH = "/responses"
PING = b": ping\n\n"
_ENDS = ("response.completed", "response.incomplete")


class _Item(Struct):
    type: str = ""


class _Response(Struct):
    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    usage: Any = None
    output: list[_Item] | None = None
    error: Any = None


class _Event(Struct):
    type: str = ""
    delta: Any = None
    response: _Response | None = None
    error: Any = None
    code: Any = None
    message: Any = None


_event = msgspec.json.Decoder(_Event)
_whole = msgspec.json.Decoder(_Response)


def read(body: bytes) -> Seen:
    """Raises Unreadable."""
    found = bodies.fields(body)
    stream = bodies.value(found, "stream", bool, False)
    cap = bodies.value(found, "max_output_tokens", int, 0) or None
    return Seen(bodies.model(found), stream, found, cap, _needs(found))


def fitted(body: bytes, seen: Seen, model: str, usage: bool = True) -> bytes:
    """The body as the account shall get it."""
    return bodies.applied(body, bodies.renamed(body, seen, model))


class Meter:
    """Takes what an answer tells, from a whole body or event by event."""

    def __init__(self, drop_usage: bool = False) -> None:
        self.told = Told()

    def whole(self, body: bytes) -> None:
        """Raises msgspec.DecodeError for what is no response."""
        self._note(_whole.decode(body))
        self.told.finished = True

    def take(self, event: bytes) -> bool:
        """Read one event; whether the tool shall get it."""
        data = events.data(event)
        if not data or data == b"[DONE]":
            return True
        try:
            found = _event.decode(data)
        except (msgspec.DecodeError, UnicodeError):
            return True
        if isinstance(found.delta, str):
            self.told.output_bytes += len(found.delta)
        if found.response:
            self._note(found.response)
        if found.type == "response.failed":
            self.told.error = (found.response.error if found.response else None) or {}
        elif found.type == "error":
            self.told.error = found.error or {"code": found.code, "message": found.message}
        self.told.finished = self.told.finished or found.type in _ENDS
        return True

    def _note(self, found: _Response) -> None:
        told = self.told
        told.answer_id, told.model = found.id or told.answer_id, found.model or told.model
        told.tier = found.service_tier or told.tier
        if isinstance(found.usage, dict):
            searches = sum(item.type == "web_search_call" for item in found.output or ())
            told.usage = usages.from_responses(found.usage, searches) or told.usage


def stream_error(fault: Fault, told: Told) -> bytes:
    """What ends a stream that has begun. Codex reads the code in `response.failed`."""
    inside = {"code": openai_errors.code(fault), "message": fault.message}
    response = {"id": told.answer_id, "object": "response", "status": "failed", "error": inside, "output": []}
    data = msgspec.json.encode({"type": "response.failed", "response": response})
    return b"event: response.failed\ndata: " + data + b"\n\n"


def _needs(found: dict[str, Any]) -> frozenset[str]:
    needs = {"tools"} if bodies.given(found, "tools") else set()
    if "input" in found and b'"input_image"' in bytes(found["input"]):
        needs.add("vision")
    shape = bodies.inner(found, "text").get("format")
    if isinstance(shape, dict) and shape.get("type") == "json_schema":
        needs.add("schema")
    return frozenset(needs)
