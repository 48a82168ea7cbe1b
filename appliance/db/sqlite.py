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


class SqliteDatabase(Database):
    def __init__(self, name: str, path: Path, tables: frozenset[str], publish: Publish, writer: FairLock) -> None:
        super().__init__(name, tables, publish)
        if not path.exists():
            raise Problem("unavailable", f"The database of {name} is missing ({path.name}). Restore it from a backup.")
        try:
            self._conn = connect(path)
        except sqlite3.DatabaseError as error:
            raise _problem(error) from error
        self._utils = sqlite_utils.Database(self._conn, recursive_triggers=False, execute_plugins=False)
        self._writer = writer

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
        self._conn.close()

    def _begin(self) -> None:
        self._writer.acquire()
        try:
            # IMMEDIATE: a deferred transaction that turns into a writer fails under contention.
            self._run("BEGIN IMMEDIATE")
        except BaseException:
            self._writer.release()
            raise

    def _end(self, commit: bool) -> None:
        try:
            if commit:
                self._commit()
            elif self._conn.in_transaction:
                self._run("ROLLBACK")
        finally:
            self._writer.release()

    def _commit(self) -> None:
        try:
            self._run("COMMIT")
        except Problem:
            if self._conn.in_transaction:
                self._run("ROLLBACK")
            raise

    def _run(self, sql: str, params: Params | None = None) -> sqlite3.Cursor:
        try:
            return self._utils.execute(sql, dict(params or {}))
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
