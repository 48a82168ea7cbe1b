"""SQLite behind the seam, through sqlite-utils."""

import re
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlite_utils

from appliance import redaction
from appliance.db.bounds import Bounds
from appliance.db.database import CHUNK, Database, Params, Publish, Row
from appliance.db.sqlite_connection import copy, open_utils, problem
from appliance.db.sqlite_writer import Writer
from appliance.db.troubles import Damaged
from appliance.errors import Problem

# Rows in one statement: a busy neighbour takes the interpreter once and not at every row.
MOST_AT_ONCE = 64
# With less than this left it is the disk that is full.
ROOM = 16 * 1024 * 1024
# A file so small may rest with all of its pages in memory.
FEW_PAGES = 1_500_000
PLAN_FULL = "The storage of the plan is used up: nothing was changed. Delete something, or ask for a larger plan."
_LIMIT = re.compile(r"\bLIMIT :\w+(?! *\+)\b")


class SqliteDatabase(Database):
    """Reads on a connection of its own, so that they never wait; writes on the shared one."""

    def __init__(
        self,
        name: str,
        path: Path,
        tables: frozenset[str],
        publish: Publish,
        writer: Writer,
        looking: bool = False,
    ) -> None:
        super().__init__(name, tables, publish, writer.groups)
        self._looking = looking
        self._path = path
        self._writer = writer
        self._reading: sqlite_utils.Database | None = None
        self._writing: sqlite_utils.Database | None = None
        self._alone: sqlite_utils.Database | None = None
        self._used = threading.Lock()

    def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        if self._later:
            self._write_later(sql)
        if self.in_transaction or _reads(sql):
            cursor, found = self._run(sql, params)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, values, strict=True)) for values in found]
        with self.transaction():
            return self.rows(sql, params)

    def execute(self, sql: str, params: Params | None = None) -> int:
        if self._later:
            self._write_later(sql)
        if self.in_transaction or _reads(sql):
            return int(self._run(sql, params)[0].rowcount)
        with self.transaction():
            return self.execute(sql, params)

    def insert_all(self, table: str, rows: list[Row]) -> None:
        """By position: SQLite looks for a named parameter among all of them, which takes five times as long."""
        if not rows:
            return
        self._known(table)
        columns = tuple(rows[0])
        with self.transaction(), self._whole() if len(rows) > MOST_AT_ONCE else nullcontext():
            for start in range(0, len(rows), MOST_AT_ONCE):
                some = rows[start : start + MOST_AT_ONCE]
                sql = _insert_many(table, columns, len(some))
                self._write_later(sql)
                self._run(sql, [row[column] for row in some for column in columns])

    def execute_all(self, sql: str, rows: list[Row]) -> None:
        if len(rows) < 2:
            return super().execute_all(sql, rows)
        self._write_later(sql)
        with self.transaction():
            self._many(sql, rows)

    def update_each(self, table: str, rows: list[Row], where: str) -> list[Row]:
        """As one statement: each gives the interpreter away several times, to threads that may keep it for long."""
        assert self.in_transaction
        whole: list[Row] = []
        for start in range(0, len(rows), MOST_AT_ONCE):
            some = rows[start : start + MOST_AT_ONCE]
            sql = _update_many(table, tuple(some[0]), where, len(some))
            self._write_later(sql)
            cursor, found = self._run(sql, [value for row in some for value in row.values()])
            names = [column[0] for column in cursor.description]
            whole += [dict(zip(names, values, strict=True)) for values in found]
        return whole

    def first_of(self, column: str) -> str:
        return f"json_extract({column}, '$[0]')"

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        assert not self.in_transaction
        self._run("BEGIN")
        try:
            yield
        finally:
            self._run("COMMIT")

    def stream(self, sql: str, most: int = CHUNK) -> Iterator[list[Row]]:
        try:
            cursor = self._ask(sql, None)
            names = [column[0] for column in cursor.description]
            while found := cursor.fetchmany(most):
                yield [dict(zip(names, values, strict=True)) for values in found]
        except sqlite3.DatabaseError as error:
            raise problem(error) from error

    def integrity(self) -> str:
        found = [str(row["quick_check"]) for row in self.rows("PRAGMA quick_check(1)")]
        orphans = self.rows("PRAGMA foreign_key_check")
        return "a row points at one that is gone" if orphans and found == ["ok"] else found[0]

    def size(self) -> int:
        pages, free, wide = (self.value(f"PRAGMA {name}") for name in ("page_count", "freelist_count", "page_size"))
        return (int(pages) - int(free)) * int(wide)

    def bound(self, bounds: Bounds) -> None:
        super().bound(bounds)
        limit = bounds.storage_bytes
        self._writer.most_bytes = None if limit is None else max(0, limit - bounds.files_bytes)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """All on the one connection that writes, which nobody else gets meanwhile; its commits don't wait for the disk.

        A connection to read would have to make out all tables by itself, which takes as long as making a few.
        """
        with self._writer.lightly() as self._alone:
            try:
                yield
            finally:
                self._alone = None

    def copy_to(self, target: Path) -> None:
        """A checked copy of the database in this file. Nobody in this process writes meanwhile."""
        with nullcontext() if self._alone else self.alone():
            assert self._alone is not None
            copy(self._alone.conn, self._path, target)

    def overwrite_deleted(self) -> None:
        self.execute("PRAGMA secure_delete = ON")

    def shred_deleted(self, tables: tuple[str, ...]) -> None:
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        if self._reading:
            self._reading.close()
        self._reading = None

    def cool(self) -> None:
        """Give up the pages of a large file; what is known of its schema and statements stays."""
        if self._reading:
            with suppress(sqlite3.Error, OSError):
                if self._path.stat().st_size <= FEW_PAGES:
                    return
                self._reading.conn.execute("PRAGMA shrink_memory").fetchall()

    def _begin(self) -> None:
        assert not self._looking
        self._writing = self._alone or self._writer.take()
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
            if self._alone is None:
                self._writer.give()

    def _many(self, sql: str, rows: list[Row]) -> None:
        assert self._writing is not None
        with self._whole():
            try:
                self._writing.conn.executemany(sql, redaction.clean_rows(rows, self.name))
            except sqlite3.DatabaseError as error:
                raise self._problem(error) from error

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """All or nothing, whatever the transaction goes on with."""
        assert self._writing is not None
        conn = self._writing.conn
        self._run("SAVEPOINT many")
        try:
            yield
        except BaseException:
            # A full disk has rolled back everything already.
            if conn.in_transaction:
                self._run("ROLLBACK TO many")
            raise
        finally:
            if conn.in_transaction:
                self._run("RELEASE many")

    def _run(self, sql: str, params: Params | list[Any] | None = None) -> tuple[sqlite3.Cursor, list[Any]]:
        """One thread at a time: two would wait for each other, one with SQLite's lock and one with Python's."""
        if not self._used.acquire(blocking=False):
            raise RuntimeError(f"two threads use the same handle of {self.name}; open one for each")
        try:
            cursor = self._ask(sql, params)
            return cursor, cursor.fetchall()
        except sqlite3.DatabaseError as error:
            raise self._problem(error) from error
        finally:
            self._used.release()

    def _problem(self, error: sqlite3.DatabaseError) -> Exception:
        """A file that may not grow further is told from a disk that is full."""
        full = self._writer.most_bytes is not None and "database or disk is full" in str(error)
        if full and shutil.disk_usage(self._path.parent).free > ROOM:
            return Problem("disk_full", PLAN_FULL)
        found = problem(error)
        if isinstance(found, Damaged):
            self.trouble(self.name, found)
        return found

    def _ask(self, sql: str, params: Params | list[Any] | None) -> sqlite3.Cursor:
        """A list is given by position."""
        utils = self._writing or self._alone or self._reading
        if utils is None:
            utils = self._reading = open_utils(self._path, self._looking)
        if isinstance(params, list):
            return utils.conn.execute(_once_prepared(sql), redaction.clean_each(params, self.name))
        return utils.conn.execute(_once_prepared(sql), redaction.clean_all(params or {}, self.name))


@lru_cache(256)
def _insert_many(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * count)}"


@lru_cache(256)
def _update_many(table: str, columns: tuple[str, ...], where: str, count: int) -> str:
    sets = ", ".join(f"{column} = v.column{n}" for n, column in enumerate(columns, 1) if column != "id")
    row = f"({', '.join('?' * len(columns))})"
    key = columns.index("id") + 1
    values = ", ".join([row] * count)
    return (
        f"UPDATE {table} SET {sets} FROM (VALUES {values}) v WHERE {table}.id = v.column{key} AND {where} RETURNING *"
    )


@lru_cache(2000)
def _once_prepared(sql: str) -> str:
    """The same without a parameter alone as a limit: its value is part of SQLite's plan, so that it plans each time."""
    return _LIMIT.sub(r"\g<0> + 0", sql)


def _reads(sql: str) -> bool:
    """Reads never wait for a writer's turn."""
    return sql.lstrip()[:6].upper() in ("SELECT", "PRAGMA", "WITH R")
