"""How full the disk of the data folder is. Below 5 % no new work is begun; everything stays readable."""

import os
from pathlib import Path
from typing import NamedTuple

from appliance import clock

FLOOR = 0.05
# Work that has stopped goes on only above this, so that it does not begin and stop at each freed megabyte.
ENOUGH = 0.06
LOOK_S = 2.0


class Space(NamedTuple):
    """Bytes and, where the filesystem counts them, inodes; `share` and `inode_share` are of what is free."""

    free: int
    total: int
    inode_share: float = 1.0

    @property
    def share(self) -> float:
        return self.free / self.total if self.total else 1.0

    @property
    def words(self) -> str:
        return f"{self.free / 2**30:.1f} GB free ({self.share:.1%})"


def look(folder: Path) -> Space:
    found = os.statvfs(folder)
    inodes = found.f_favail / found.f_files if found.f_files else 1.0
    return Space(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, inodes)


class Gauge:
    """Looks every two seconds at most: it is asked before each piece of work."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._until = 0.0
        self._low = False

    @property
    def low(self) -> bool:
        if clock.monotonic() >= self._until:
            self._until = clock.monotonic() + LOOK_S
            try:
                self._low = look(self._folder).share < (ENOUGH if self._low else FLOOR)
            except OSError:
                # A folder that is away: the databases will say so.
                self._low = False
        return self._low


_gauges: dict[Path, Gauge] = {}


def low(folder: Path) -> bool:
    """Whether no new work may be begun."""
    return _gauges.setdefault(folder, Gauge(folder)).low


def any_low() -> bool:
    """The same of whatever folder this process works on."""
    return any(gauge.low for gauge in list(_gauges.values()))
