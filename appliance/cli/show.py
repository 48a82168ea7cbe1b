"""How results look in a terminal: aligned tables, money, ages. JSON carries the same values for scripts."""

import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from appliance import clock
from appliance.web.money import with_usd

NANO = 1_000_000_000
GAP = "  "


class Shown(NamedTuple):
    """A command's result: `data` for --json, `text` for people, and the exit code."""

    data: Any
    text: str
    code: int = 0


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], empty: str, right: Iterable[str] = ()) -> str:
    """Columns as wide as their longest cell; those named in `right` are aligned to the right."""
    cells = [[plain(value) for value in row] for row in rows]
    if not cells:
        return empty
    widths = [max(width(cell) for cell in column) for column in zip(heads, *cells, strict=True)]
    rights = [head in set(right) for head in heads]
    lines = [dim(_line(heads, widths, rights)), *(_line(row, widths, rights) for row in cells)]
    return "\n".join(lines)


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """A name and a value on each line; pairs without a value are left out."""
    given = [(name, plain(value)) for name, value in pairs if value not in (None, "")]
    wide = max((width(name) for name, _ in given), default=0)
    return "\n".join(f"{dim(_pad(name, wide, False))}{GAP}{value}" for name, value in given)


def listing(items: Sequence[Any], text: str, next_cursor: str | None = None) -> Shown:
    return Shown({"items": items, "next_cursor": next_cursor}, text)


def as_json(data: Any) -> str:
    """As the API answers: every `*_nano` amount has its `*_usd` text beside it."""
    return msgspec.json.format(msgspec.json.encode(with_usd(data)), indent=2).decode()


def money(nano: int | None) -> str:
    """Dollars with as many places as a small amount needs."""
    if nano is None:
        return "unpriced"
    places = 2 if nano == 0 or abs(nano) >= NANO else 4
    return f"${nano / NANO:,.{places}f}" if nano == 0 or abs(nano) >= NANO // 10_000 else "<$0.0001"


def ago(iso: str | None) -> str:
    if not iso:
        return "never"
    seconds = clock.seconds_between(iso, clock.iso())
    if abs(seconds) < 1:
        return "now"
    text = duration(abs(seconds))
    return f"{text} ago" if seconds > 0 else f"in {text}"


def duration(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def words(state: str) -> str:
    return state.replace("_", " ")


def plain(value: object) -> str:
    """One line without control characters: what a model wrote must not steer the terminal."""
    text = " ".join(str("" if value is None else value).split())
    return "".join(c for c in text if unicodedata.category(c)[0] != "C")


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if not unicodedata.combining(c))


def clip(text: str, limit: int) -> str:
    text = plain(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def dim(text: str) -> str:
    return f"\x1b[2m{text}\x1b[0m" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text


def _line(cells: Sequence[str], widths: Sequence[int], rights: Sequence[bool]) -> str:
    padded = (_pad(cell, wide, right) for cell, wide, right in zip(cells, widths, rights, strict=True))
    return GAP.join(padded).rstrip()


def _pad(text: str, wide: int, right: bool) -> str:
    space = " " * (wide - width(text))
    return space + text if right else text + space
