"""Everything that can go wrong with a model call: one closed table, and how a raw refusal finds its row.

Classification reads the status, the headers and the body exactly as the provider sent them.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Any, Literal

import msgspec
from msgspec import Struct

from appliance import clock
from appliance.gateway.types import Usage

Phase = Literal["connect", "before_first_byte", "mid_stream", "complete"]

MESSAGE_LIMIT = 500


class Failure(Struct, frozen=True):
    """One row of the table. Backoff in seconds; `account_down` means no other call should use this account either."""

    title: str
    what_to_do: str
    max_attempts: int = 1
    backoff_base_s: float = 0.0
    backoff_cap_s: float = 0.0
    account_down: bool = False

    @property
    def retryable(self) -> bool:
        return self.max_attempts > 1


FAILURES: dict[str, Failure] = {
    "provider_auth": Failure(
        "The provider refused the key", "Put a valid key into this provider and test it.", account_down=True
    ),
    "provider_payment": Failure(
        "The provider account has no credit", "Add credit or raise the limit at the provider.", account_down=True
    ),
    "provider_not_found": Failure(
        "The provider knows no such model or address", "Check the model id and the provider's base URL."
    ),
    "provider_rejected": Failure(
        "The provider rejected the request", "Read its message; the request must change before it is sent again."
    ),
    "provider_address_refused": Failure(
        "This address may not be called",
        "Correct the base URL, or let an owner allow private addresses for the account.",
        account_down=True,
    ),
    "context_too_long": Failure(
        "The conversation is longer than the model can read",
        "Shorten the task or its files, or choose a model with a larger context.",
    ),
    "provider_rate_limited": Failure(
        "The provider asks to slow down", "Nothing: it is tried again after the time it names.", 48, 2.0, 300.0
    ),
    "provider_overloaded": Failure(
        "The provider is overloaded", "Nothing: it is tried again. If it lasts, choose another model.", 48, 2.0, 300.0
    ),
    "provider_error": Failure(
        "The provider failed", "Nothing: it is tried again. If it lasts, see its status page.", 48, 1.0, 300.0
    ),
    "provider_timeout": Failure(
        "The provider did not answer in time",
        "It is tried again. If it lasts, raise the provider's timeout.",
        12,
        2.0,
        300.0,
    ),
    "provider_unreachable": Failure(
        "The provider can't be reached",
        "It is tried again. Check the base URL, this machine's network and the server.",
        48,
        1.0,
        300.0,
    ),
    "stream_cut": Failure("The answer was cut off", "Nothing: it is tried again.", 8, 1.0, 120.0),
    "provider_garbage": Failure(
        "The answer is not what this kind of provider sends",
        "Check that the base URL is an API address and that the kind is right.",
        3,
        1.0,
        30.0,
    ),
    "empty_answer": Failure(
        "The model answered with nothing", "Make the task clearer or choose another model.", 2, 1.0, 10.0
    ),
    "bad_tool_arguments": Failure(
        "The model called a tool with arguments that are not valid",
        "The model is told and may correct itself; if it lasts, choose a more capable model.",
        3,
    ),
    "unknown_tool": Failure(
        "The model called a tool that does not exist",
        "The model is told which tools there are; if it lasts, choose a more capable model.",
        3,
    ),
    "unpriced_model": Failure(
        "The price of this model is not known", "Set a price for the model on its provider, or choose another model."
    ),
    "cancelled": Failure("The call was cancelled", "Nothing: somebody stopped it."),
    "gateway_defect": Failure(
        "AgentHQ could not handle this answer", "This is a defect of AgentHQ; the log holds the details."
    ),
}


class ProviderFailure(Exception):
    """A model call that did not end in a `Reply`.

    `code` is a key of FAILURES; `retry_after` is in seconds; `usage` is what the provider had reported until then;
    `output_bytes` counts the text received before the end, for an estimate; `message` never contains the secret.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        phase: Phase = "complete",
        secret: str = "",
    ) -> None:
        self.code = code
        self.row = FAILURES[code]
        self.message = redacted(message, secret)[:MESSAGE_LIMIT]
        self.status = status
        self.retry_after = retry_after
        self.phase: Phase = phase
        self.usage: Usage | None = None
        self.output_bytes = 0
        self.request_id = ""
        super().__init__(f"{code}: {self.message or self.row.title}")


def redacted(text: str, secret: str) -> str:
    return text.replace(secret, "[secret]") if secret else text


def backoff_s(code: str, attempt: int, key: str = "", retry_after: float | None = None) -> float:
    """Seconds to wait after the failed `attempt` (1 is the first).

    Never less than the provider asked for. The jitter comes from a hash of (code, key, attempt): schedules reproduce.
    """
    row = FAILURES[code]
    ceiling = min(row.backoff_cap_s, row.backoff_base_s * 2.0 ** (attempt - 1))
    spread = int.from_bytes(blake2b(f"{code}:{key}:{attempt}".encode(), digest_size=4).digest(), "big") / 2**32
    return max(ceiling * (0.5 + spread / 2), retry_after or 0.0)


_BY_STATUS = {
    401: "provider_auth",
    402: "provider_payment",
    403: "provider_auth",
    404: "provider_not_found",
    408: "provider_timeout",
    409: "provider_error",
    413: "context_too_long",
    429: "provider_rate_limited",
    503: "provider_overloaded",
    504: "provider_timeout",
    529: "provider_overloaded",
}
_BY_TYPE = {
    "authentication_error": "provider_auth",
    "permission_error": "provider_auth",
    "invalid_api_key": "provider_auth",
    "billing_error": "provider_payment",
    "insufficient_quota": "provider_payment",
    "not_found_error": "provider_not_found",
    "model_not_found": "provider_not_found",
    "context_length_exceeded": "context_too_long",
    "request_too_large": "context_too_long",
    "rate_limit_error": "provider_rate_limited",
    "rate_limit_exceeded": "provider_rate_limited",
    "overloaded_error": "provider_overloaded",
    "timeout_error": "provider_timeout",
    "api_error": "provider_error",
    "server_error": "provider_error",
    "invalid_request_error": "provider_rejected",
}
# Some providers answer 400 for these and say only in words what is wrong.
_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|maximum context|prompt is too long|input is too long|too many (input )?tokens",
    re.I,
)
_NO_CREDIT = re.compile(r"credit balance is too low|insufficient (balance|credits?|funds)", re.I)


def from_response(
    status: int, headers: Mapping[str, str], body: bytes, *, secret: str = "", phase: Phase = "before_first_byte"
) -> ProviderFailure:
    """The failure that an HTTP answer other than 2xx stands for."""
    error, message = _read_error(body)
    code = _BY_STATUS.get(status) or ("provider_error" if status >= 500 else "provider_rejected")
    if code in ("provider_rejected", "provider_rate_limited", "provider_auth"):
        code = _code_by_words(error, message) or code
    if 300 <= status < 400:
        message = f"It redirects to {headers.get('Location', 'another address')}; redirects are not followed."
    return ProviderFailure(code, message, status=status, retry_after=_retry_after(headers), phase=phase, secret=secret)


def from_stream(error: object, *, secret: str = "") -> ProviderFailure:
    """The failure that an error object inside a 200 answer stands for."""
    kinds, message = _read_error(msgspec.json.encode({"error": error}))
    numeric = next((int(kind) for kind in kinds if kind.isdigit()), 0)
    code = _code_by_words(kinds, message) or _code_by_type(kinds) or _BY_STATUS.get(numeric, "provider_error")
    return ProviderFailure(code, message, phase="mid_stream", secret=secret)


def _code_by_words(kinds: tuple[str, ...], message: str) -> str | None:
    specific = ("provider_payment", "context_too_long", "provider_not_found")
    if (code := _code_by_type(kinds)) in specific:
        return code
    if _TOO_LONG.search(message):
        return "context_too_long"
    return "provider_payment" if _NO_CREDIT.search(message) else None


def _code_by_type(kinds: tuple[str, ...]) -> str | None:
    return next((_BY_TYPE[kind] for kind in kinds if kind in _BY_TYPE), None)


def _read_error(body: bytes) -> tuple[tuple[str, ...], str]:
    """The (code, type) names and the message of an error body, in any of the shapes providers use."""
    text = body.decode("utf-8", "replace")
    try:
        parsed: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return (), text
    error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
    if not isinstance(error, dict):
        return (), error if isinstance(error, str) else text
    kinds = tuple(str(error[name]) for name in ("code", "type") if error.get(name) is not None)
    return kinds, str(error.get("message") or text)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    milliseconds = headers.get("retry-after-ms", "")
    if _is_number(milliseconds):
        return float(milliseconds) / 1000
    value = headers.get("Retry-After", "")
    if _is_number(value):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - clock.now()).total_seconds()) if value else None
    except (ValueError, TypeError):
        return None


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit() and text.isascii()
