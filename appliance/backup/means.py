"""What every verb of backups works with, its own folder for half-done things, and the room it needs on the disk."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from appliance.crypto import Vault
from appliance.db.tenants import CONTROL, Catalogue
from appliance.errors import Problem

FLOOR_PERCENT = 5
MIB = 1024 * 1024


class Means(NamedTuple):
    catalogue: Catalogue
    vault: Vault

    @property
    def folder(self) -> Path:
        return self.catalogue.folder

    def files(self, name: str) -> Path:
        """The tenant's files; the box itself has none."""
        return self.folder / "no-files" if name == CONTROL else self.catalogue.files(name)


@contextmanager
def turn(folder: Path) -> Iterator[Path]:
    """A new, private work folder for this one backup, drill or restore. Raises Problem(conflict) while another works.

    What a process left behind that was killed is thrown away: nothing in it was finished.
    """
    with open(folder / "backup.lock", "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            said = "A backup, a drill or a restore is under way. Try again when it is over."
            raise Problem("conflict", said) from error
        work = folder / "backup-work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def require_space(folder: Path, needed: int) -> None:
    """Raises Problem(disk_full) when `needed` bytes would leave less than the floor free."""
    disk = shutil.disk_usage(folder)
    floor = disk.total * FLOOR_PERCENT // 100
    if disk.free - needed < floor:
        raise Problem(
            "disk_full",
            f"A backup needs {needed // MIB + 1} MB beside {floor // MIB} MB that stay free ({FLOOR_PERCENT} % of the "
            f"disk), and {disk.free // MIB} MB are free. Free some space, or keep backups on another disk.",
        )


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; one that goes away meanwhile counts nothing."""
    if path.is_file():
        return path.stat().st_size
    found = 0
    for each in path.rglob("*"):
        try:
            found += each.lstat().st_size if each.is_file() else 0
        except FileNotFoundError:
            """It went away."""
    return found
