"""The one connection through which a database is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlite_utils

from appliance.db.fairlock import FairLock
from appliance.db.grouped import Groups
from appliance.db.sqlite_connection import BUSY_MS, open_utils, own_statements, settle

RESERVE_BYTES = 1024 * 1024
# SQLite's own limit.
UNCAPPED = 4_294_967_294


class Writer:
    """A database's one writing connection, taken in turns.

    With several, each commit of one empties the page cache of all others: half of the time of a run went into that.
    """

    def __init__(self, path: Path) -> None:
        self.groups = Groups()
        self._path = path
        self._lock = FairLock()
        self._utils: sqlite_utils.Database | None = None
        # Whether anything may have been written since the journal was emptied.
        self.unsettled = False
        # How large the file may grow; None for as large as the disk allows.
        self.most_bytes: int | None = None
        self._capped_at: int | None = None

    def take(self) -> sqlite_utils.Database:
        """The connection, for this thread alone until `give`."""
        self._lock.acquire()
        try:
            if self._utils is None:
                self._utils, self._capped_at = open_utils(self._path), None
            if self._capped_at != self.most_bytes:
                self._cap(self._utils)
        except BaseException:
            self._lock.release()
            raise
        self.unsettled = True
        return self._utils

    def give(self) -> None:
        self._lock.release()

    def _cap(self, utils: sqlite_utils.Database) -> None:
        """SQLite refuses the page beyond the cap and leaves the file as it was.

        A reserve stays for the few rows that a deletion writes itself; a file that is larger already keeps one too.
        """
        wide = int(utils.conn.execute("PRAGMA page_size").fetchone()[0])
        has = int(utils.conn.execute("PRAGMA page_count").fetchone()[0])
        most = UNCAPPED if self.most_bytes is None else max(self.most_bytes // wide, has) + RESERVE_BYTES // wide
        utils.conn.execute(f"PRAGMA max_page_count = {most}")
        self._capped_at = self.most_bytes

    @contextmanager
    def lightly(self) -> Iterator[sqlite_utils.Database]:
        """One turn for the program's own statements, in which commits do not wait for the disk."""
        utils = self.take()
        try:
            utils.execute("PRAGMA synchronous = NORMAL")
            try:
                with own_statements(utils.conn):
                    yield utils
            finally:
                utils.execute("PRAGMA synchronous = FULL")
        finally:
            self.give()

    def synchronise(self, level: str) -> None:
        """How far a commit waits for the disk from now on; FULL again when the connection is opened anew."""
        utils = self.take()
        try:
            utils.execute(f"PRAGMA synchronous = {level}")
        finally:
            self.give()

    @property
    def works(self) -> bool:
        """Is the connection open?"""
        return self._utils is not None

    def close(self) -> None:
        """Waits for its turn; the next `take` opens again."""
        self._lock.acquire()
        self._close()

    def calm(self) -> None:
        """Bring what was written into the file, unless somebody has the turn; the connection stays open."""
        if self._lock.acquire(wait=False):
            try:
                if self._utils:
                    settle(self._utils.conn)
                    self._utils.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
                self.unsettled = False
            finally:
                self._lock.release()

    def rest(self) -> None:
        """Close, unless somebody has the turn: that may be the very thread that asks."""
        if self._lock.acquire(wait=False):
            self._close()

    def _close(self) -> None:
        try:
            if self._utils:
                settle(self._utils.conn)
                self._utils.close()
            self._utils = None
        finally:
            self._lock.release()
