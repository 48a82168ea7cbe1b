"""Ledger rows as CSV (RFC 4180) or JSON Lines, streamed."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from appliance.errors import invalid
from appliance.web import money

TYPES = {"csv": "text/csv; charset=utf-8; header=present", "jsonl": "application/x-ndjson"}
# What a spreadsheet would run as a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def encode(form: str, rows: Iterable[msgspec.Struct], kind: type[msgspec.Struct]) -> Iterator[bytes]:
    """Raises Problem(invalid) at once for a format that is neither csv nor jsonl."""
    if form not in TYPES:
        raise invalid(format=f"use one of {', '.join(TYPES)}")
    flat = (_flat(row) for row in rows)
    return _csv(flat, columns(kind)) if form == "csv" else (msgspec.json.encode(row) + b"\n" for row in flat)


def columns(kind: type[msgspec.Struct]) -> list[str]:
    """The fields, each amount followed by its dollars."""
    names = [field.name for field in msgspec.structs.fields(kind)]
    return [column for name in names for column in (name, name.replace("_nano", "_usd"))[: 1 + ("_nano" in name)]]


def _flat(row: msgspec.Struct) -> dict[str, Any]:
    found: dict[str, Any] = money.with_usd(row)
    return found


def _csv(rows: Iterable[dict[str, Any]], names: list[str]) -> Iterator[bytes]:
    yield _line(names)
    for row in rows:
        yield _line([_cell(row[name]) for name in names])


def _line(cells: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run gets an apostrophe in front; amounts are ours and stay."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value
