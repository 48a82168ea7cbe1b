"""What people may say about a check, and what of it is refused."""

import shlex
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from appliance.domain import schema
from appliance.errors import invalid

# What a check can't be without, the first being what a short form asks for.
NEEDED: dict[str, tuple[str, ...]] = {
    "contains": ("text",),
    "not_contains": ("text",),
    "regex": ("pattern",),
    "json_schema": ("schema",),
    "file_exists": ("path",),
    "command_exit_0": ("command",),
    "url_200": ("url",),
    "reviewer_agent": ("rubric", "agent"),
    "human_ack": (),
}
TEXTS = {"text", "file", "pattern", "path", "question", "command", "url", "rubric", "agent"}
LONGEST_S = 600


class NewCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    spec: dict[str, Any] = {}


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a task may be done without a check."""

    reason: str


def spec_of(kind: str, value: Any, beside: str = "") -> dict[str, Any]:
    """A spec from a short form: one value, and beside it the file that is judged or the agent that reviews."""
    key = next(iter(NEEDED.get(kind, ())), "question")
    other = {"agent" if kind == "reviewer_agent" else "file": beside} if beside else {}
    return ({key: value} if value else {}) | other


def validate(number: int, check: NewCheck) -> None:
    """Raises Problem(invalid) naming the check by its number."""
    if fault := _fault(check):
        raise invalid(**{f"checks[{number}]": fault})


def _fault(check: NewCheck) -> str:
    if check.kind not in NEEDED:
        return f"unknown kind '{check.kind}'; there are {', '.join(NEEDED)}"
    if missing := [name for name in NEEDED[check.kind] if not check.spec.get(name)]:
        return f"a {check.kind} check needs '{missing[0]}'"
    if wrong := next((name for name in TEXTS & check.spec.keys() if not isinstance(check.spec[name], str)), ""):
        return f"'{wrong}' must be text"
    return FAULTS[check.kind](check.spec) if check.kind in FAULTS else ""


def _pattern(spec: dict[str, Any]) -> str:
    import regex  # noqa: PLC0415  0.015 s of a start, for the first pattern

    try:
        regex.compile(spec["pattern"])
    except regex.error as error:
        return str(error)
    except RecursionError:
        return "the pattern is nested too deep"
    return ""


def _command(spec: dict[str, Any]) -> str:
    seconds = spec.get("timeout_s", 1)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 1 <= seconds <= LONGEST_S:
        return f"'timeout_s' must be a whole number of seconds from 1 to {LONGEST_S}"
    try:
        empty = not shlex.split(spec["command"]) or "\0" in spec["command"]
    except ValueError as error:
        return f"the command can't be read: {error}"
    return "the command is empty" if empty else ""


def _url(spec: dict[str, Any]) -> str:
    try:
        parts = urlsplit(spec["url"])
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        good = False
    return "" if good else "give an http or https URL, without a name and a password in it"


FAULTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "regex": _pattern,
    "json_schema": lambda spec: schema.broken(spec["schema"]),
    "command_exit_0": _command,
    "url_200": _url,
}
