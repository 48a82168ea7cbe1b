"""The one connection through which a database is written."""

from pathlib import Path

import sqlite_utils

from appliance.db.fairlock import FairLock
from appliance.db.grouped import Groups
from appliance.db.sqlite_connection import open_utils


class Writer:
    """A database's one writing connection, taken in turns.

    With several, each commit of one empties the page cache of all others: half of the time of a run went into that.
    """

    def __init__(self, path: Path) -> None:
        self.groups = Groups()
        self._path = path
        self._lock = FairLock()
        self._utils: sqlite_utils.Database | None = None

    def take(self) -> sqlite_utils.Database:
        """The connection, for this thread alone until `give`."""
        self._lock.acquire()
        try:
            self._utils = self._utils or open_utils(self._path)
        except BaseException:
            self._lock.release()
            raise
        return self._utils

    def give(self) -> None:
        self._lock.release()

    def synchronise(self, level: str) -> None:
        """How far a commit waits for the disk from now on; FULL again when the connection is opened anew."""
        utils = self.take()
        try:
            utils.execute(f"PRAGMA synchronous = {level}")
        finally:
            self.give()

    def close(self) -> None:
        """Waits for its turn; the next `take` opens again."""
        self._lock.acquire()
        self._close()

    def rest(self) -> None:
        """Close, unless somebody has the turn: that may be the very thread that asks."""
        if self._lock.acquire(wait=False):
            self._close()

    def _close(self) -> None:
        try:
            if self._utils:
                self._utils.close()
            self._utils = None
        finally:
            self._lock.release()
