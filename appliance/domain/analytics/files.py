"""Rows as CSV (RFC 4180) or JSON Lines, piece by piece, however many there are."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from appliance.domain.analytics.amounts import usd
from appliance.errors import invalid

TYPES = {"csv": "text/csv; charset=utf-8; header=present", "jsonl": "application/x-ndjson"}
# What a spreadsheet would run as a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")
PIECE = 500


def known(form: str) -> str:
    """Raises Problem(invalid) for a format that is neither csv nor jsonl."""
    if form not in TYPES:
        raise invalid(format=f"use one of {', '.join(TYPES)}")
    return form


def of_structs(form: str, rows: Iterable[msgspec.Struct], kind: type[msgspec.Struct]) -> Iterator[bytes]:
    """Raises Problem(invalid) at once for another format."""
    names = [field.name for field in msgspec.structs.fields(kind)]
    return encode(form, names, (msgspec.structs.astuple(row) for row in rows))


def encode(form: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Rows of flat values in the order of `names`; each amount gets its dollars beside it. Raises Problem(invalid)."""
    known(form)
    amounts = ["_nano" in name for name in names]
    heads = [head for name, amount in zip(names, amounts, strict=True) for head in _heads(name, amount)]
    wide = (_with_usd(row, amounts) for row in rows)
    return _csv(heads, wide) if form == "csv" else _jsonl(heads, wide)


def _heads(name: str, amount: bool) -> tuple[str, ...]:
    return (name, name.replace("_nano", "_usd")) if amount else (name,)


def _with_usd(row: Sequence[Any], amounts: Sequence[bool]) -> list[Any]:
    wide = []
    for value, amount in zip(row, amounts, strict=True):
        wide.append(value)
        if amount:
            wide.append(usd(value))
    return wide


def _csv(heads: Sequence[str], rows: Iterable[list[Any]]) -> Iterator[bytes]:
    ours = [head.endswith("_usd") for head in heads]
    yield _lines([heads])
    for some in _pieces(rows):
        yield _lines([[v if own else _cell(v) for v, own in zip(row, ours, strict=True)] for row in some])


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run gets an apostrophe in front; amounts are ours and keep their minus."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def _jsonl(heads: Sequence[str], rows: Iterable[list[Any]]) -> Iterator[bytes]:
    for some in _pieces(rows):
        yield b"".join(msgspec.json.encode(dict(zip(heads, row, strict=True))) + b"\n" for row in some)


def _pieces(rows: Iterable[list[Any]]) -> Iterator[list[list[Any]]]:
    left = iter(rows)
    while some := list(islice(left, PIECE)):
        yield some
