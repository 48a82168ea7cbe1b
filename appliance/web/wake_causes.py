"""What caused a wake, in words."""

from typing import Any, NamedTuple

from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.wake_list import Listed

REASONS = {
    "started": "started",
    "retried": "tried again",
    "unblocked": "what it waited for is done",
    "commented": "a comment",
    "child_ended": "a sub-task ended or is stuck",
    "answered": "an answer to a question",
    "reopened": "opened again",
}


class Cause(NamedTuple):
    """A reason in words, with the address of what it is about; "" where there is nothing to open."""

    text: str
    href: str


def causes(wake: Listed, numbers: dict[str, int], base: str) -> list[Cause]:
    """Each different one once, at most five."""
    found: dict[Cause, None] = {}
    for cause in wake.causes:
        found[_cause(cause, wake, numbers, base)] = None
    return list(found)[:5]


def _cause(cause: dict[str, Any], wake: Listed, numbers: dict[str, int], base: str) -> Cause:
    reason, about = str(cause["reason"]), str(cause.get("about") or "")
    words = REASONS.get(reason, reason.replace("_", " "))
    if reason == "child_ended" and about in numbers:
        return Cause(f"sub-task #{numbers[about]} ended or is stuck", f"{base}/tasks/{numbers[about]}")
    if reason == "answered" and about:
        return Cause(words, f"{base}/approvals/{about}")
    if reason == "commented":
        return Cause(words, f"{base}/tasks/{wake.task_number}")
    if wake.origin_run and wake.origin_number:
        return Cause(f"a run of #{wake.origin_number}", f"{base}/runs/{wake.origin_run}")
    return Cause(words, f"{base}/activity?task={wake.task_number}" if cause.get("event") else "")


def numbers(db: Database, found: list[Listed]) -> dict[str, int]:
    """Task id → number of what the causes are about."""
    wanted = [str(cause["about"]) for wake in found for cause in wake.causes if cause.get("about")]
    if not wanted:
        return {}
    names, params = records.named(list(dict.fromkeys(wanted))[:500])
    return {
        row["id"]: int(row["number"]) for row in db.rows(f"SELECT id, number FROM tasks WHERE id IN ({names})", params)
    }
