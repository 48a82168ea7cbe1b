"""Where something stands in a document, and what is wrong there."""

import re

import msgspec

Place = tuple[str | int, ...]
Found = tuple[Place, str]
_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")


class Fault(msgspec.Struct, frozen=True):
    """`path` such as steps[3].retry.max_attempts, "" for the whole; `line` from 1; `message` says what to write."""

    path: str
    line: int
    message: str

    @property
    def sentence(self) -> str:
        return f"line {self.line}: {self.path + ': ' if self.path else ''}{self.message}"


def shown(place: Place) -> str:
    path = ""
    for part in place:
        if isinstance(part, int):
            path += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            path += f".{part[:60]}" if path else part[:60]
        else:
            path += f'["{part[:60]}"]'
    return path
