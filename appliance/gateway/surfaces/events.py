"""Server-sent events as raw bytes (WHATWG HTML §9.2): split at their ends, nothing in them changed."""

import re

_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LINE = re.compile(rb"\r\n|\n|\r")
LONGEST = 32 * 1024 * 1024


class Endless(Exception):
    """A stream that never ends its event."""


class Splitter:
    """Gives out whole events, so that something of ours can always be said between two of them."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[bytes]:
        """The events that end in this piece, each with its end. Raises Endless."""
        text = self._rest + piece if self._rest else piece
        found: list[bytes] = []
        at = 0
        if b"\r" in text:
            for end in _END.finditer(text):
                found.append(text[at : end.end()])
                at = end.end()
        else:
            while (end_at := text.find(b"\n\n", at)) >= 0:
                found.append(text[at : end_at + 2])
                at = end_at + 2
        self._rest = text[at:]
        if len(self._rest) > LONGEST:
            raise Endless
        return found

    def end(self) -> bytes:
        """What came after the last whole event."""
        rest, self._rest = self._rest, b""
        return rest


def data(event: bytes) -> bytes:
    """The data of an event, its lines joined; b"" for a comment."""
    plain = b"\r" not in event
    if plain and event.startswith(b"data: ") and event.find(b"\n") == len(event) - 2:
        # One line and the empty one after it, as nearly all are.
        return event[6:-2]
    lines = event.split(b"\n") if plain else _LINE.split(event)
    found = [line[6:] if line[5:6] == b" " else line[5:] for line in lines if line.startswith(b"data:")]
    return found[0] if len(found) == 1 else b"\n".join(found)
