"""A request's body, read no further than needed, and changed only in the spans that must change.

Serialising a body again would break what was signed in it and miss the caches that compare it byte for byte.
"""

import re
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_fields = msgspec.json.Decoder(dict[str, Raw])
_NOTHING = (b"null", b"[]", b"{}", b'""')
Edit = tuple[int, int, bytes]
T = TypeVar("T")


class Unreadable(Exception):
    """A body that no provider could read either; the text says what is wrong with it."""


class Seen(Struct, frozen=True):
    """What a body asks for. `fields` are its members as they were sent; `wants_usage` holds for a stream whose tool
    did not ask for the usage that the box needs."""

    model: str
    stream: bool
    fields: dict[str, Raw]
    output_cap: int | None = None
    needs: frozenset[str] = frozenset()
    session_id: str = ""
    wants_usage: bool = False


def fields(body: bytes) -> dict[str, Raw]:
    """Raises Unreadable, also for a body that names two models: which one counts, readers decide differently."""
    try:
        found = _fields.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Unreadable("The body is not a JSON object.") from None
    if "model" in found and body.count(b'"model"') > 1:
        span(body, found, "model")
    return found


def value(found: dict[str, Raw], name: str, kind: type[T], default: T) -> T:
    """The member `name`, the default where it is missing or null. Raises Unreadable for one of another type."""
    if name not in found or bytes(found[name]) == b"null":
        return default
    try:
        return msgspec.json.decode(found[name], type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Unreadable(f"{name} has the wrong type.") from None


def inner(found: dict[str, Raw], name: str) -> dict[str, Any]:
    """The member `name` where it is an object, else an empty one."""
    try:
        inside = msgspec.json.decode(found[name]) if name in found else {}
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return inside if isinstance(inside, dict) else {}


def given(found: dict[str, Raw], name: str) -> bool:
    """Whether the member says anything."""
    return name in found and bytes(found[name]) not in _NOTHING


def model(found: dict[str, Raw]) -> str:
    """Raises Unreadable."""
    named = value(found, "model", str, "")
    if not named:
        raise Unreadable("model is missing: name the model that shall answer.")
    return named


def span(body: bytes, found: dict[str, Raw], name: str, start: int = 0) -> tuple[int, int]:
    """Where the value of the member `name` stands in the object that begins at `start`.

    Raises Unreadable for an object that names a member before it, or itself, twice.
    """
    at = _past(body, _skip(body, start), b"{")
    for key, raw in found.items():
        begins = _past(body, _end_of_key(body, at, key), b":")
        ends = begins + len(bytes(raw))
        if body[begins:ends] != bytes(raw):
            raise Unreadable(f"{key} is given twice.")
        if key == name:
            return begins, ends
        at = _past(body, ends, b",") if body[_skip(body, ends) : _skip(body, ends) + 1] == b"," else ends
    raise LookupError(name)


def applied(body: bytes, edits: list[Edit]) -> bytes:
    """The body with each span replaced; the spans do not overlap."""
    for begins, ends, text in sorted(edits, reverse=True):
        body = body[:begins] + text + body[ends:]
    return body


def renamed(body: bytes, seen: Seen, name: str) -> list[Edit]:
    """The edit that asks for the model by its name at the account."""
    if seen.model == name:
        return []
    return [(*span(body, seen.fields, "model"), msgspec.json.encode(name))]


def _end_of_key(body: bytes, at: int, key: str) -> int:
    found = _STRING.match(body, _skip(body, at))
    if found is None or msgspec.json.decode(found[0]) != key:
        raise Unreadable(f"{key} is given twice.")
    return found.end()


def _skip(body: bytes, at: int) -> int:
    found = _SPACE.match(body, at)
    return found.end() if found else at


def _past(body: bytes, at: int, mark: bytes) -> int:
    """The place after `mark` and the space around it."""
    at = _skip(body, at)
    if body[at : at + 1] != mark:
        raise Unreadable("The body is not a JSON object.")
    return _skip(body, at + 1)
