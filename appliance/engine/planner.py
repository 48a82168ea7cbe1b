"""What a run does next, decided from what happened: pure functions without a database or a clock."""

from typing import Literal, NamedTuple

from appliance.gateway.failures import ProviderFailure, backoff_s
from appliance.gateway.types import Reply

MAX_TURNS = 60
MAX_FAULTS = 3
MAX_JUDGEMENTS = 3

BLOCKED_REASON = {
    "provider_auth": "capability",
    "provider_payment": "capability",
    "provider_not_found": "capability",
    "provider_address_refused": "capability",
    "unpriced_model": "capability",
    "provider_rate_limited": "transient",
    "provider_overloaded": "transient",
    "provider_error": "transient",
    "provider_timeout": "transient",
    "provider_unreachable": "transient",
    "stream_cut": "transient",
}


class Verdict(NamedTuple):
    """How a run goes on or ends: wait (reason timer or quota, seconds), or end in `state` with a code."""

    state: Literal["waiting", "incomplete", "failed", "cancelled"]
    code: str
    detail: str
    reason: str = ""
    seconds: float = 0.0


def after_failure(failure: ProviderFailure, attempts: int, key: str) -> Verdict:
    """A model call failed; `attempts` counts all tries of this step, `key` names it for the jitter."""
    row = failure.row
    said = f" It said: {failure.message}" if failure.message else ""
    if failure.code == "cancelled":
        return Verdict("cancelled", "cancelled", "Stopped by a person.")
    if row.retryable and attempts < row.max_attempts:
        reason = "quota" if failure.code == "provider_rate_limited" else "timer"
        seconds = backoff_s(failure.code, attempts, key, failure.retry_after)
        return Verdict("waiting", failure.code, f"{row.title}; tried {attempts} times.{said}", reason, seconds)
    return Verdict("failed", failure.code, f"{row.title}. {row.what_to_do}{said}", blocked_reason(failure.code))


def after_answer(reply: Reply) -> Verdict | None:
    """None when the answer can be worked with."""
    if reply.tool_calls or (reply.content.strip() and reply.stop_reason not in ("length", "filtered")):
        return None
    if reply.stop_reason == "length":
        detail = "The answer was cut at the model's output limit. Split the task, or use a model with a higher limit."
        return Verdict("incomplete", "output_limit", detail, "needs_decision")
    if reply.stop_reason == "filtered":
        return Verdict("incomplete", "filtered", "The provider's content filter withheld the answer.", "needs_decision")
    detail = "The model answered with nothing. Make the task clearer or choose another model, then try again."
    return Verdict("incomplete", "empty_answer", detail, "needs_decision")


def too_many_faults(code: str, fault: str) -> Verdict:
    detail = f"The model made {MAX_FAULTS} bad tool calls in a row, the last one: {fault} Try a more capable model."
    return Verdict("failed", code, detail, "capability")


def not_accepted(faults: list[str]) -> Verdict:
    detail = f"The result failed its checks {MAX_JUDGEMENTS} times: {'; '.join(faults)}. Change the task or the check."
    return Verdict("failed", "checks_failed", detail, "needs_decision")


def endless() -> Verdict:
    detail = f"The run took {MAX_TURNS} turns without finishing. Make the task smaller or its instructions clearer."
    return Verdict("failed", "turn_limit", detail, "needs_decision")


def blocked_reason(code: str) -> str:
    return BLOCKED_REASON.get(code, "needs_decision")
