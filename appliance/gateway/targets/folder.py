"""A folder: on another disk, on a mounted share."""

import contextlib
import errno
import os
import shutil
from pathlib import Path
from typing import IO

import msgspec

from appliance.errors import Problem
from appliance.gateway.targets.target import PARTIAL, Stored, failed
from appliance.settling import Settling


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str


class FolderTarget:
    host_key = ""

    def __init__(self, config: Config, secret: str = "", host_key: str = "") -> None:
        self._folder = Path(config.path)

    def put(self, path: Path, name: str) -> None:
        final = self._folder / name
        partial = final.with_name(final.name + PARTIAL)
        try:
            final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.unlink(missing_ok=True)
            self._copy(path, partial)
            os.replace(partial, final)
            _settle(final.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise self._failed(error) from error

    def get(self, name: str, out: IO[bytes]) -> None:
        try:
            with open(self._folder / name, "rb") as file:
                shutil.copyfileobj(file, out, 1024 * 1024)
        except OSError as error:
            raise self._failed(error) from error

    def list(self) -> list[Stored]:
        try:
            if not self._folder.exists():
                return []
            found = [path for path in self._folder.glob("*/*") if path.suffix != PARTIAL and path.is_file()]
            return sorted(Stored(path.relative_to(self._folder).as_posix(), path.stat().st_size) for path in found)
        except OSError as error:
            raise self._failed(error) from error

    def delete(self, name: str) -> None:
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error) from error

    def _copy(self, path: Path, partial: Path) -> None:
        try:
            # On the same disk the bytes are there already.
            os.link(path, partial)
        except OSError:
            with open(path, "rb") as source, open(partial, "xb") as out:
                settling = Settling(out)
                shutil.copyfileobj(source, settling, 1024 * 1024)
                settling.settle()

    def _failed(self, error: OSError) -> Problem:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Problem("disk_full", f"The disk of {self._folder} is full. Free some space, or add another target.")
        return failed(f"The folder {self._folder}", error)


def _settle(folder: Path) -> None:
    """The new name survives a power cut too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
