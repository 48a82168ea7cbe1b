"""Server-sent events (WHATWG HTML §9.2), in pieces cut anywhere: only whole lines of bytes are ever decoded."""

import re
from typing import Any

import msgspec

_END = re.compile(rb"\r\n|\n|\r")
LONGEST = 32 * 1024 * 1024


class Events:
    """The data of each event, its lines joined; comments and names are left out, since the data tells its type."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        # A \r at the very end may be half of \r\n: it waits for the next piece.
        text = self._rest + piece
        held = text.endswith(b"\r")
        lines = _END.split(text[:-1] if held else text)
        self._rest = lines.pop() + (b"\r" if held else b"")
        if len(self._rest) > LONGEST:
            self._rest = b""
        return [data for line in lines if (data := self._line(line)) is not None]

    def end(self) -> list[bytes]:
        """What an event without its empty line says, too: some servers close right after their last word."""
        rest, self._rest = self._rest, b""
        found = [self._line(line) for line in (rest.rstrip(b"\r"), b"")]
        return [data for data in found if data is not None]

    def _line(self, line: bytes) -> bytes | None:
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
        if line or not self._data:
            return None
        data, self._data = b"\n".join(self._data), []
        return data


def event(fields: dict[str, Any], *, named: bool = True) -> bytes:
    data = b"data: " + msgspec.json.encode(fields) + b"\n\n"
    return b"event: " + str(fields["type"]).encode() + b"\n" + data if named else data
