"""How a check is judged: by the server, from the result and the files, never by the agent.

Checks that start a program, read a page or ask a reviewer take long and are judged by the engine.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from appliance.domain import schema
from appliance.domain.checks import Check

REGEX_SECONDS = 1
Read = Callable[[str], str | None]


def judge(found: list[Check], result: str, read: Read) -> dict[str, str]:
    """Check id → what is wrong ("" = passed), for all that text and files decide.

    `read` gives a file's text or None.
    """
    return {check.id: _fault(check, result, read) for check in found if check.kind in ("file_exists", *JUDGES)}


def _fault(check: Check, result: str, read: Read) -> str:
    if check.kind == "file_exists":
        return "" if read(check.spec["path"]) is not None else f"{check.spec['path']} does not exist"
    path = check.spec.get("file")
    text = read(path) if path else result
    if text is None:
        return f"{path} does not exist"
    return JUDGES[check.kind](check.spec, text)


def _contains(spec: dict[str, Any], text: str) -> str:
    return "" if spec["text"] in text else f"“{spec['text']}” is not there"


def _not_contains(spec: dict[str, Any], text: str) -> str:
    return f"“{spec['text']}” is there" if spec["text"] in text else ""


def _regex(spec: dict[str, Any], text: str) -> str:
    import regex  # noqa: PLC0415  0.015 s of a start, for the first pattern

    try:
        # A pattern that backtracks for ever must not stop the box: `re` has no timeout and keeps the interpreter lock.
        found = regex.search(spec["pattern"], text, regex.MULTILINE, timeout=REGEX_SECONDS, concurrent=True)
    except TimeoutError:
        return f"{spec['pattern']} takes too long on this text; simplify it"
    except (MemoryError, RecursionError):
        return f"{spec['pattern']} goes in circles; simplify it"
    return "" if found else f"nothing matches {spec['pattern']}"


def _json_schema(spec: dict[str, Any], text: str) -> str:
    try:
        return schema.fault(msgspec.json.decode(text), spec["schema"])
    except (msgspec.DecodeError, RecursionError) as error:
        return f"not valid JSON: {error}"


JUDGES: dict[str, Callable[[dict[str, Any], str], str]] = {
    "contains": _contains,
    "not_contains": _not_contains,
    "regex": _regex,
    "json_schema": _json_schema,
}
