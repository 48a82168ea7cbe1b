"""Errors as OpenAI's surfaces send them.

A budget's refusal is 400 insufficient_quota: with that, Codex, aider and the SDKs stop after one post and show our
sentence. With 429 aider sent nine posts within a minute, and Codex said something of its own.
"""

from typing import Any

import msgspec

from appliance.gateway.surfaces.faults import STATUS, Fault, Kind

# The type and the code.
_NAMES: dict[Kind, tuple[str, str | None]] = {
    "invalid": ("invalid_request_error", None),
    "key": ("invalid_request_error", "invalid_api_key"),
    "budget": ("insufficient_quota", "insufficient_quota"),
    "paused": ("insufficient_quota", "insufficient_quota"),
    "full": ("insufficient_quota", "insufficient_quota"),
    "forbidden": ("invalid_request_error", "permission_denied"),
    "not_found": ("invalid_request_error", "model_not_found"),
    "method": ("invalid_request_error", "method_not_supported"),
    "too_large": ("invalid_request_error", "request_too_large"),
    "rate": ("requests", "rate_limit_exceeded"),
    "overloaded": ("server_error", "server_overloaded"),
    "timeout": ("server_error", "timeout"),
}
_STATUS: dict[Kind, int] = STATUS | {"budget": 400, "paused": 400, "full": 400}


def status(fault: Fault) -> int:
    return _STATUS[fault.kind]


def error(fault: Fault, request_id: str) -> bytes:
    return msgspec.json.encode(said(fault))


def said(fault: Fault) -> dict[str, Any]:
    kind, code = _NAMES.get(fault.kind, ("server_error", None))
    return {"error": {"message": fault.message, "type": kind, "param": None, "code": code}}


def code(fault: Fault) -> str:
    """The code in an event of the Responses stream, which has to name one."""
    return _NAMES.get(fault.kind, ("", None))[1] or "server_error"
