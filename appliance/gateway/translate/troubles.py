"""Errors in the middle of an answer, between the words of the protocols."""

from typing import Any

import msgspec
from msgspec import Struct

from appliance.gateway.translate.deltas import Broke, Trouble


class _Error(Struct):
    type: str | None = None
    code: str | int | None = None
    message: str | None = None


_MESSAGES: dict[Trouble, str] = {
    "server": "api_error",
    "overloaded": "overloaded_error",
    "rate": "rate_limit_error",
    "billing": "billing_error",
    "auth": "authentication_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "invalid": "invalid_request_error",
    "too_long": "invalid_request_error",
    "timeout": "timeout_error",
}
_OPENAI: dict[Trouble, tuple[str, str]] = {
    "server": ("server_error", "server_error"),
    "overloaded": ("server_error", "server_is_overloaded"),
    "rate": ("rate_limit_error", "rate_limit_exceeded"),
    "billing": ("insufficient_quota", "insufficient_quota"),
    "auth": ("authentication_error", "invalid_api_key"),
    "permission": ("permission_error", "permission_denied"),
    "not_found": ("invalid_request_error", "model_not_found"),
    "invalid": ("invalid_request_error", "invalid_prompt"),
    "too_long": ("invalid_request_error", "context_length_exceeded"),
    "timeout": ("server_error", "timeout"),
}
# The more special word first: a code says more than the type beside it.
_WORDS: dict[str, Trouble] = {
    **{code: trouble for trouble, (_, code) in _OPENAI.items()},
    **{word: trouble for trouble, word in reversed(_MESSAGES.items())},
    "server_overloaded": "overloaded",
    "slow_down": "overloaded",
    "429": "rate",
    "529": "overloaded",
}
UNKNOWN = "The provider broke its answer off without saying why."
CUT = Broke("server", "The answer broke off before its end.")


def read(error: Any) -> Broke:
    """An error object of any protocol, or a bare sentence."""
    if isinstance(error, str):
        return Broke("server", error)
    try:
        told = msgspec.convert(error or {}, _Error)
    except msgspec.ValidationError:
        return Broke("server", UNKNOWN)
    found = (_WORDS.get(str(word)) for word in (told.code, told.type) if word)
    return Broke(next((trouble for trouble in found if trouble), "server"), told.message or UNKNOWN)


def as_messages(broke: Broke) -> dict[str, Any]:
    return {"type": "error", "error": {"type": _MESSAGES[broke.trouble], "message": broke.message}}


def as_openai(broke: Broke) -> dict[str, Any]:
    kind, code = _OPENAI[broke.trouble]
    return {"message": broke.message, "type": kind, "param": None, "code": code}
