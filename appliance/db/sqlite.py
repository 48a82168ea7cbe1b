"""SQLite behind the seam, through sqlite-utils."""

import sqlite3
from pathlib import Path
from typing import Any

import sqlite_utils

from appliance.db.database import Busy, Database, Duplicate, Params, Publish, Row
from appliance.db.fairlock import FairLock
from appliance.errors import Problem

APPLICATION_ID = 0x41485131  # "AHQ1"
BUSY_MS = 5000


def connect(path: Path, *, synchronous: str = "FULL") -> sqlite3.Connection:
    """A connection with every safety setting of the product; the file must exist unless its folder is being made."""
    conn = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False, cached_statements=400)
    conn.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    for pragma in (
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        "foreign_keys = ON",
        "recursive_triggers = ON",
        "trusted_schema = OFF",
        "journal_size_limit = 67108864",
    ):
        conn.execute(f"PRAGMA {pragma}")
    # After the pragmas: the callback runs at every prepare, and only ATTACH and DETACH are refused.
    conn.set_authorizer(_no_attach)
    return conn


def _no_attach(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_DENY if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH) else sqlite3.SQLITE_OK


def open_utils(path: Path) -> sqlite_utils.Database:
    if not path.exists():
        raise Problem("unavailable", f"The database {path.name} is missing. Restore it from a backup.")
    try:
        return sqlite_utils.Database(connect(path), recursive_triggers=False, execute_plugins=False)
    except sqlite3.DatabaseError as error:
        raise _problem(error) from error


class Writer:
    """A database's one writing connection, taken in turns.

    With several, each commit of one empties the page cache of all others: half of the time of a run went into that.
    """

    def __init__(self, path: Path) -> None:
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

    def close(self) -> None:
        """Waits for its turn; the next `take` opens again."""
        self._lock.acquire()
        try:
            if self._utils:
                self._utils.close()
            self._utils = None
        finally:
            self._lock.release()


class SqliteDatabase(Database):
    """Reads on a connection of its own, so that they never wait; writes on the shared one."""

    def __init__(self, name: str, path: Path, tables: frozenset[str], publish: Publish, writer: Writer) -> None:
        super().__init__(name, tables, publish)
        self._path = path
        self._writer = writer
        self._reading: sqlite_utils.Database | None = None
        self._writing: sqlite_utils.Database | None = None

    def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        if self.in_transaction or _reads(sql):
            cursor = self._run(sql, params)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
        with self.transaction():
            return self.rows(sql, params)

    def execute(self, sql: str, params: Params | None = None) -> int:
        if self.in_transaction or _reads(sql):
            return int(self._run(sql, params).rowcount)
        with self.transaction():
            return self.execute(sql, params)

    def integrity(self) -> str:
        found = [str(row["quick_check"]) for row in self.rows("PRAGMA quick_check(1)")]
        orphans = self.rows("PRAGMA foreign_key_check")
        return "a row points at one that is gone" if orphans and found == ["ok"] else found[0]

    def close(self) -> None:
        if self._reading:
            self._reading.close()
        self._reading = None

    def _begin(self) -> None:
        self._writing = self._writer.take()
        try:
            # IMMEDIATE: a deferred transaction that turns into a writer fails under contention.
            self._run("BEGIN IMMEDIATE")
        except BaseException:
            self._release()
            raise

    def _end(self, commit: bool) -> None:
        try:
            if commit:
                self._run("COMMIT")
        finally:
            # A full disk has rolled back already: `_release` looks before it does.
            self._release()

    def _release(self) -> None:
        assert self._writing is not None
        try:
            # A commit that failed leaves its transaction open; some errors end it by themselves.
            if self._writing.conn.in_transaction:
                self._writing.conn.execute("ROLLBACK")
        finally:
            self._writing = None
            self._writer.give()

    def _run(self, sql: str, params: Params | None = None) -> sqlite3.Cursor:
        if self._writing is None and self._reading is None:
            self._reading = open_utils(self._path)
        utils = self._writing or self._reading
        assert utils is not None
        try:
            return utils.execute(sql, dict(params or {}))
        except sqlite3.DatabaseError as error:
            raise _problem(error) from error


def _reads(sql: str) -> bool:
    """Reads never wait for a writer's turn."""
    return sql.lstrip()[:6].upper() in ("SELECT", "PRAGMA", "WITH R")


def _problem(error: sqlite3.Error) -> Exception:
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        return _refused(text)
    if "locked" in text or "busy" in text:
        return Busy()
    if "disk is full" in text or "disk I/O error" in text:
        return Problem(
            "disk_full", "The disk is full: nothing was changed. Free some space; the box goes on by itself."
        )
    if "readonly" in text or "unable to open" in text:
        return Problem("unavailable", f"The database can't be written ({text}). Check the data folder's permissions.")
    if "malformed" in text or "not a database" in text:
        return Problem("unavailable", f"The database is damaged ({text}). Restore it from a backup.")
    return error


def _refused(text: str) -> Problem:
    if "UNIQUE" in text or "PRIMARY KEY" in text:
        return Duplicate(f"There is one like this already ({text}).")
    return Problem("conflict", f"The database refused the change ({text}).")
