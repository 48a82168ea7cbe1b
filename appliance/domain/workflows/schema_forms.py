"""Whether a JSON Schema is one. Plain ones, which are nearly all, are seen at a glance; the library takes 3 ms each."""

from collections.abc import Callable
from typing import Any

from appliance.domain import schema

TYPES = {"string", "number", "integer", "boolean", "object", "array", "null"}
DEEPEST = 30
LARGEST = 2_000


def broken(given: Any) -> str:
    """Why it is no schema, or none that is judged here; "" when it is one."""
    if _plain(given, 0):
        return ""
    if _size(given) > LARGEST:
        return f"it has more than {LARGEST:,} parts"
    return schema.broken(given)


def _plain(given: Any, depth: int) -> bool:
    if not isinstance(given, dict):
        return isinstance(given, bool)
    if depth > DEEPEST:
        return False
    for key, value in given.items():
        if key in ("properties", "items", "additionalProperties"):
            parts = value.values() if key == "properties" and isinstance(value, dict) else (value,)
            if (key == "properties") is not isinstance(parts, tuple) and all(_plain(part, depth + 1) for part in parts):
                continue
            return False
        if key not in _FORMS or not _FORMS[key](value):
            return False
    return True


def _size(given: Any) -> int:
    parts = given.values() if isinstance(given, dict) else given if isinstance(given, list) else ()
    return 1 + sum(map(_size, parts))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value) and len(set(value)) == len(value)


def _type(value: Any) -> bool:
    return value in TYPES if isinstance(value, str) else bool(value) and _texts(value) and TYPES.issuperset(value)


def _text(value: Any) -> bool:
    return isinstance(value, str)


_FORMS: dict[str, Callable[[Any], bool]] = {
    "type": _type,
    "required": _texts,
    "enum": lambda value: isinstance(value, list),
    "default": lambda value: True,
    "const": lambda value: True,
    **dict.fromkeys(("title", "description", "format"), _text),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _count),
}
