"""The Messages surface: Claude Code, the Anthropic SDKs.

Source: the Messages API and its streaming reference. The three input counts add up; the usage of `message_delta` is
cumulative: it replaces, never adds. A tool that is refused by 402 billing_error stops at once and shows the sentence.
"""

from typing import Any

import msgspec
from msgspec import Struct

from appliance.gateway import usages
from appliance.gateway.surfaces import bodies, events
from appliance.gateway.surfaces.bodies import Seen
from appliance.gateway.surfaces.faults import STATUS, Fault, Kind
from appliance.gateway.surfaces.told import Told

PROTOCOL = "messages"
PATH = "/messages"
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_SESSION = "_session_"
_TYPES: dict[Kind, str] = {
    "invalid": "invalid_request_error",
    "key": "authentication_error",
    "budget": "billing_error",
    "paused": "billing_error",
    "full": "billing_error",
    "forbidden": "permission_error",
    "not_found": "not_found_error",
    "method": "invalid_request_error",
    "too_large": "request_too_large",
    "rate": "rate_limit_error",
    "overloaded": "overloaded_error",
    "timeout": "timeout_error",
}
_STATUS: dict[Kind, int] = STATUS | {"budget": 402, "paused": 402, "full": 402, "overloaded": 529}
# What stands beside a billing_error, for programs.
_DETAILS: dict[Kind, str] = {
    "budget": "agenthq_budget_exceeded",
    "paused": "agenthq_paused",
    "full": "agenthq_storage_full",
}


class _Message(Struct):
    id: str | None = None
    model: str | None = None
    usage: Any = None


class _Delta(Struct):
    text: str = ""
    partial_json: str = ""
    thinking: str = ""


class _Event(Struct):
    type: str = ""
    message: _Message | None = None
    delta: _Delta | None = None
    usage: Any = None
    error: Any = None


_event = msgspec.json.Decoder(_Event)
_whole = msgspec.json.Decoder(_Message)


def read(body: bytes) -> Seen:
    """Raises Unreadable."""
    found = bodies.fields(body)
    return Seen(
        bodies.model(found),
        bodies.value(found, "stream", bool, False),
        found,
        bodies.value(found, "max_tokens", int, 0) or None,
        _needs(found),
        session_of(bodies.inner(found, "metadata").get("user_id")),
    )


def fitted(body: bytes, seen: Seen, model: str, usage: bool = True) -> bytes:
    """The body as the account shall get it."""
    return bodies.applied(body, bodies.renamed(body, seen, model))


def session_of(user_id: object) -> str:
    """The session that Claude Code puts into `metadata.user_id`: JSON, or parts joined by underscores before that."""
    if not isinstance(user_id, str):
        return ""
    try:
        inside = msgspec.json.decode(user_id)
    except msgspec.DecodeError:
        return user_id.rpartition(_SESSION)[2][:200] if _SESSION in user_id else ""
    named = inside.get("session_id") if isinstance(inside, dict) else None
    return named[:200] if isinstance(named, str) else ""


class Meter:
    """Takes what an answer tells, from a whole body or event by event."""

    def __init__(self, drop_usage: bool = False) -> None:
        self.told = Told()
        self._latest: dict[str, Any] = {}

    def whole(self, body: bytes) -> None:
        """Raises msgspec.DecodeError for what is no message."""
        message = _whole.decode(body)
        self._start(message)
        self.told.finished = True

    def take(self, event: bytes) -> bool:
        """Read one event; whether the tool shall get it."""
        data = events.data(event)
        if not data:
            return True
        try:
            found = _event.decode(data)
        except (msgspec.DecodeError, UnicodeError):
            return True
        if found.delta:
            self.told.output_bytes += len(found.delta.text) + len(found.delta.partial_json) + len(found.delta.thinking)
        if found.message:
            self._start(found.message)
        if found.usage:
            self._count(found.usage)
        if found.type == "error":
            self.told.error = found.error or {}
        self.told.finished = self.told.finished or found.type == "message_stop"
        return True

    def _start(self, message: _Message) -> None:
        self.told.model, self.told.answer_id = message.model or "", message.id or ""
        if message.usage:
            self._count(message.usage)

    def _count(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        self._latest |= {name: value for name, value in usage.items() if value is not None}
        self.told.usage = usages.from_messages(self._latest)
        self.told.tier = str(self._latest.get("service_tier", ""))


def status(fault: Fault) -> int:
    return _STATUS[fault.kind]


def error(fault: Fault, request_id: str) -> bytes:
    return msgspec.json.encode(_error(fault) | {"request_id": request_id})


def stream_error(fault: Fault, told: Told) -> bytes:
    """What ends a stream that has begun."""
    return b"event: error\ndata: " + msgspec.json.encode(_error(fault)) + b"\n\n"


def _error(fault: Fault) -> dict[str, Any]:
    said: dict[str, Any] = {"type": _TYPES.get(fault.kind, "api_error"), "message": fault.message}
    if fault.kind in _DETAILS:
        said["details"] = {"error_code": _DETAILS[fault.kind]}
    return {"type": "error", "error": said}


def _needs(found: dict[str, Any]) -> frozenset[str]:
    needs = {"tools"} if bodies.given(found, "tools") else set()
    if "messages" in found and b'"image"' in bytes(found["messages"]):
        needs.add("vision")
    if bodies.given(found, "output_format") or "format" in bodies.inner(found, "output_config"):
        needs.add("schema")
    return frozenset(needs)
