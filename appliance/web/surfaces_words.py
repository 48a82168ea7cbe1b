"""Why a request got no answer, as the tool is told: refusals of ours, failures of the account."""

import msgspec

from appliance.calls.asked import Refused
from appliance.errors import Problem
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.surfaces.faults import Fault, Kind

_OF_REFUSALS: dict[str, Kind] = {
    "budget": "budget",
    "paused": "paused",
    "storage": "full",
    "rate": "rate",
    "model": "not_found",
    "key": "forbidden",
}
_OF_FAILURES: dict[str, Kind] = {
    "provider_auth": "account",
    "provider_payment": "account",
    "provider_address_refused": "account",
    "provider_not_found": "not_found",
    "provider_rejected": "invalid",
    "context_too_long": "invalid",
    "unpriced_model": "invalid",
    "provider_rate_limited": "rate",
    "provider_overloaded": "overloaded",
    "provider_timeout": "timeout",
    "gateway_defect": "internal",
}
_OF_PROBLEMS: dict[str, tuple[Kind, str]] = {
    "unauthenticated": ("key", "key"),
    "forbidden": ("forbidden", "key"),
    "too_large": ("too_large", ""),
    "unavailable": ("overloaded", ""),
    "maintenance": ("overloaded", ""),
    "suspended": ("paused", "paused"),
    "deleting": ("paused", "paused"),
    "deleted": ("paused", "paused"),
    "disk_full": ("overloaded", ""),
    "quota": ("full", "storage"),
    "budget_exceeded": ("budget", "budget"),
    "rate_limited": ("rate", "rate"),
}
# What an account says about its own key or credit is not for those who use it.
_PRIVATE = frozenset({401, 402, 403})


def of_refusal(refused: Refused) -> Fault:
    return Fault(_OF_REFUSALS[refused.reason], refused.message, refused.reason, refused.retry_after_s)


def of_problem(problem: Problem) -> Fault:
    kind, reason = _OF_PROBLEMS.get(problem.code, ("internal", ""))
    return Fault(kind, problem.detail, reason, problem.retry_after)


def of_failure(failure: ProviderFailure) -> Fault:
    """In our words: the account's own are only for those who look after it where they tell of its key or credit."""
    kind = _OF_FAILURES.get(failure.code, "upstream")
    said = f": {failure.message}" if failure.message and kind != "account" else "."
    return Fault(kind, f"{failure.row.title}{said}", retry_after_s=failure.retry_after)


def passes(status: int, body: bytes) -> bool:
    """Whether an account's refusal goes to the tool as it is: an error object of the same protocol."""
    if status in _PRIVATE or status < 400:
        return False
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return isinstance(said, dict) and isinstance(said.get("error"), dict)
