"""The library that judges JSON Schema, loaded when first used, with patterns that can't hold up the box."""

import threading
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from appliance import clock

PATIENCE_S = 1.0
local = threading.local()


class Library(NamedTuple):
    schema: ModuleType
    refs: ModuleType
    judge: Any


def _pattern(judge: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
    """Like the library's, which has no time limit and keeps the interpreter lock."""
    import regex  # noqa: PLC0415  0.015 s of a start, for the first pattern

    left = max(0.001, local.until - clock.monotonic())
    if judge.is_type(value, "string") and not regex.search(pattern, value, timeout=left, concurrent=True):
        yield library().schema.ValidationError(f"{value[:100]!r} does not match {pattern!r}")


@cache
def library() -> Library:
    # Written as imports, so that the executable takes them in.
    import jsonschema  # noqa: PLC0415
    import referencing  # noqa: PLC0415
    import referencing.jsonschema  # noqa: PLC0415

    library: Any = jsonschema
    return Library(library, referencing, library.validators.extend(library.Draft202012Validator, {"pattern": _pattern}))


def resolves(library: Library, resolver: Any, ref: str) -> bool:
    if not ref.startswith("#"):
        return False
    try:
        resolver.lookup(ref)
    except library.refs.exceptions.Unresolvable:
        return False
    return True


def not_a_pattern(pattern: str) -> str:
    import regex  # noqa: PLC0415  0.015 s of a start, for the first pattern

    try:
        regex.compile(pattern)
    except regex.error as error:
        return f"{pattern} is not a pattern: {error}"
    except RecursionError:
        return f"{pattern[:100]} is nested too deep"
    return ""
