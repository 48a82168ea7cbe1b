"""The data folder: private, local, and owned by one server at a time."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from appliance.errors import Problem

NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "glusterfs", "fuse.glusterfs", "ceph", "afs", "lustre"}


def prepare(folder: Path) -> None:
    """Make the folder with mode 0700. Raises Problem(config) when it can't be written or is on a network filesystem."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        detail = f"The data folder {folder} can't be written: {error.strerror}. Choose another with --data DIR."
        raise Problem("disk_full" if error.errno == 28 else "config", detail) from error
    kind = filesystem(folder)
    if kind in NETWORK:
        raise Problem("config", f"{folder} is on {kind}: SQLite loses data on network filesystems. Use a local disk.")


def filesystem(folder: Path, mounts: str = "") -> str:
    """The filesystem type that holds `folder` ("" where the system does not tell)."""
    table = Path("/proc/mounts")
    text = mounts or (table.read_text() if table.exists() else "")
    here = str(folder.resolve()) + "/"
    best, kind = "", ""
    for line in text.splitlines():
        _, point, fstype, *_ = line.split()
        point = point.replace("\\040", " ").rstrip("/") + "/"
        if here.startswith(point) and len(point) >= len(best):
            best, kind = point, fstype
    return kind


class Ownership:
    """Held by the running server; `link` is written once the address is known, so a second server can name it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def describe(self, link: str) -> None:
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "link": link}, self._file)
        self._file.flush()


@contextmanager
def owned(folder: Path) -> Iterator[Ownership]:
    """Raises Problem(already_running), naming process and link, when another server owns the folder."""
    # The operating system drops this lock with the process, however it ends.
    with open(folder / "server.lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Problem("already_running", _owner_sentence(folder)) from error
        owner = Ownership(file)
        owner.describe("")
        yield owner


def owner(folder: Path) -> dict[str, object] | None:
    """{"pid", "link"} of the server that owns the folder now, or None."""
    try:
        with open(folder / "server.lock", "a+") as file:
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
