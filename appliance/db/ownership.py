"""Who owns a data folder: one server at a time."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from appliance.errors import Problem


class Ownership:
    """Held by the running server; `link` is written once the address is known, so a second server can name it.

    Of the processes that share a folder the first is its owner; the others have no `file` to write to.
    """

    def __init__(self, file: IO[str] | None) -> None:
        self._file = file

    @property
    def first(self) -> bool:
        return self._file is not None

    def describe(self, link: str) -> None:
        if self._file is None:
            return
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "link": link}, self._file)
        self._file.flush()


@contextmanager
def owned(folder: Path, shared: bool = False) -> Iterator[Ownership]:
    """Raises Problem(already_running), naming process and link, when another owns a folder that is not shared."""
    # The operating system drops this lock with the process, however it ends.
    with open(folder / "server.lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if not shared:
                raise Problem("already_running", _owner_sentence(folder)) from error
            yield Ownership(None)
            return
        owner = Ownership(file)
        owner.describe("")
        yield owner


def owner(folder: Path) -> dict[str, object] | None:
    """{"pid", "link"} of the server that owns the folder now, or None."""
    try:
        with open(folder / "server.lock") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                return dict(json.loads(file.read() or "{}"))
    except FileNotFoundError:
        return None
    return None


def _owner_sentence(folder: Path) -> str:
    found = owner(folder) or {}
    where = f" at {found['link']}" if found.get("link") else ""
    return f"AgentHQ already runs on {folder} as process {found.get('pid', 'unknown')}{where}. Open that, or stop it."
