"""Wakes in words: what became of each, and a chain as a tree."""

from typing import NamedTuple
from urllib.parse import urlencode

from appliance.db.database import Database
from appliance.domain import wake_list
from appliance.domain.wake_list import Listed
from appliance.web import wake_causes
from appliance.web.frame import hue
from appliance.web.wake_causes import Cause

# The tone and the word for what became of a wake.
STATES = {
    "queued": ("", "queued"),
    "run": ("good", "became a run"),
    "coalesced": ("", "joined another"),
    "skipped": ("", "skipped"),
    "dropped": ("warn", "dropped"),
    "tripped": ("bad", "held by a breaker"),
}


class Told(NamedTuple):
    """A wake as the page reads it; `depth` is its place in the tree of its chain, 0 in a list."""

    wake: Listed
    tone: str
    word: str
    causes: list[Cause]
    hue: int
    depth: int


def lines(db: Database, found: list[Listed], base: str) -> list[Told]:
    numbers = wake_causes.numbers(db, found)
    return [_told(wake, numbers, base, 0) for wake in found]


def tree(db: Database, chain: str, base: str) -> list[Told]:
    """The chain's wakes, each below the run that caused it."""
    found = wake_list.chain(db, chain)
    numbers, runs = wake_causes.numbers(db, found), {wake.run_id for wake in found if wake.run_id}
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
    return Told(wake, tone, word, wake_causes.causes(wake, numbers, base), hue(wake.agent_id), depth)
