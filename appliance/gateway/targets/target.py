"""What every place for backups can do. A name is `OWNER/FILE`; sizes in bytes."""

from pathlib import Path
from typing import IO, NamedTuple, Protocol

from appliance.errors import Problem

PARTIAL = ".partial"


class Stored(NamedTuple):
    name: str
    size: int


class Target(Protocol):
    """Every verb raises Problem(unavailable) saying what the place answered. `host_key` is the one it showed."""

    host_key: str

    def put(self, path: Path, name: str) -> None:
        """Visible under its name when it is whole; goes on where an earlier, broken try ended, where it can."""

    def get(self, name: str, out: IO[bytes]) -> None: ...

    def list(self) -> list[Stored]:
        """The whole ones."""

    def delete(self, name: str) -> None:
        """Nothing happens when it is gone already."""


def failed(where: str, error: Exception) -> Problem:
    said = " ".join(str(error).split())[:300] or type(error).__name__
    return Problem("unavailable", f"{where} could not be used: {said}")
