"""The world outside the product: a file that everybody appends to and nobody rewrites, like a provider's own books."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Outside:
    """`enter` and `leave` are called around every happening: where a worker may die."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tries = path.with_name("tries")
        self._tries.mkdir(parents=True, exist_ok=True)

    def happen(self, effect: str, key: str, **about: Any) -> str:
        """An effect that can't be taken back; `key` is how a side that dedupes would know it."""
        self.enter(effect)
        line = json.dumps({"effect": effect, "key": key, "pid": os.getpid(), **about}) + "\n"
        _append(self.path, line.encode(), durable=True)
        self.leave(effect)
        return key

    def find(self, key: str) -> str | None:
        """What a look-up answers: the key when it has happened."""
        return key if any(line["key"] == key for line in self.lines()) else None

    def lines(self) -> Iterator[dict[str, Any]]:
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                yield json.loads(line)

    def tried(self, key: str) -> int:
        """How often this was tried, with this time."""
        path = self._tries / key.replace(":", "-").replace("#", "-")
        _append(path, b".")
        return path.stat().st_size

    def enter(self, effect: str) -> None:
        """Before it happens."""

    def leave(self, effect: str) -> None:
        """After it has happened, before anybody inside knows."""


def _append(path: Path, data: bytes, durable: bool = False) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(fd, data)
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)
