"""Wakes in words: what caused each, what became of it, and a chain as a tree."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

from appliance.db.database import Database
from appliance.domain import records, wake_list
from appliance.domain.wake_list import Listed
from appliance.web.frame import hue

REASONS = {
    "started": "started",
    "retried": "tried again",
    "unblocked": "what it waited for is done",
    "commented": "a comment",
    "child_ended": "a sub-task ended or is stuck",
    "answered": "an answer to a question",
    "reopened": "opened again",
}
# The tone and the word for what became of a wake.
STATES = {
    "queued": ("", "queued"),
    "run": ("good", "became a run"),
    "coalesced": ("", "joined another"),
    "skipped": ("", "skipped"),
    "dropped": ("warn", "dropped"),
    "tripped": ("bad", "held by a breaker"),
}


class Cause(NamedTuple):
    """A reason in words, with the address of what it is about; "" where there is nothing to open."""

    text: str
    href: str


class Told(NamedTuple):
    """A wake as the page reads it; `depth` is its place in the tree of its chain, 0 in a list."""

    wake: Listed
    tone: str
    word: str
    causes: list[Cause]
    hue: int
    depth: int


def lines(db: Database, found: list[Listed], base: str) -> list[Told]:
    numbers = _numbers(db, found)
    return [_told(wake, numbers, base, 0) for wake in found]


def tree(db: Database, chain: str, base: str) -> list[Told]:
    """The chain's wakes, each below the run that caused it."""
    found = wake_list.chain(db, chain)
    numbers, runs = _numbers(db, found), {wake.run_id for wake in found if wake.run_id}
    under: dict[str, list[Listed]] = {}
    for wake in found:
        under.setdefault(wake.origin_run if wake.origin_run in runs else "", []).append(wake)
    return [_told(wake, numbers, base, depth) for wake, depth in _walk("", under, 1)]


def older(given: dict[str, str], cursor: str | None) -> str:
    """The query of the next page; "" on the last."""
    return urlencode({name: value for name, value in given.items() if value} | {"cursor": cursor}) if cursor else ""


def _walk(run_id: str, under: dict[str, list[Listed]], depth: int) -> list[tuple[Listed, int]]:
    # Taken out as it is walked, so that rows that name each other end.
    found = []
    for wake in under.pop(run_id, []):
        found.append((wake, depth))
        if wake.state == "run" and wake.run_id:
            found += _walk(wake.run_id, under, depth + 1)
    return found


def _told(wake: Listed, numbers: dict[str, int], base: str, depth: int) -> Told:
    tone, word = STATES[wake.state]
    return Told(wake, tone, word, _causes(wake, numbers, base), hue(wake.agent_id), depth)


def _causes(wake: Listed, numbers: dict[str, int], base: str) -> list[Cause]:
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


def _numbers(db: Database, found: list[Listed]) -> dict[str, int]:
    """Task id → number of what the causes are about."""
    wanted = [str(cause["about"]) for wake in found for cause in wake.causes if cause.get("about")]
    if not wanted:
        return {}
    names, params = records.named(list(dict.fromkeys(wanted))[:500])
    return {
        row["id"]: int(row["number"]) for row in db.rows(f"SELECT id, number FROM tasks WHERE id IN ({names})", params)
    }
