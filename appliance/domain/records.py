"""Rows to Structs and back. JSON columns are opaque text in the database and values in Python."""

import base64
import binascii
from typing import Any, Generic, TypeVar

import msgspec

from appliance.db.database import Row
from appliance.errors import Problem

T = TypeVar("T")
LIMIT = 50
LIMIT_MAX = 200


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list; `next_cursor` is None on the last."""

    items: list[T]
    next_cursor: str | None = None


def to(kind: type[T], row: Row, json: tuple[str, ...] = ()) -> T:
    """Build the Struct; columns named in `json` are decoded first, columns it does not have are dropped."""
    decoded = {column: msgspec.json.decode(row[column]) for column in json}
    return msgspec.convert({**row, **decoded}, kind, strict=False)


def dump(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def named(values: list[Any], prefix: str = "v") -> tuple[str, dict[str, Any]]:
    """Parameter names for `IN (…)`, and their values."""
    params = {f"{prefix}{n}": value for n, value in enumerate(values)}
    return ", ".join(f":{name}" for name in params), params


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def read_cursor(text: str, *kinds: type) -> list[Any]:
    """The values of a cursor of this list, one of each kind. Raises Problem(bad_cursor) for anything else."""
    try:
        values = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise Problem("bad_cursor", "The cursor is not one this server gave. Start again without it.") from error
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise Problem("bad_cursor", "The cursor belongs to another list. Start again without it.")
    return values


def page(rows: list[T], limit: int, key: Any) -> Page[T]:
    """`rows` holds up to limit + 1 items; `key(item)` gives the values of the next cursor."""
    if len(rows) <= limit:
        return Page(rows)
    return Page(rows[:limit], cursor(*key(rows[limit - 1])))
