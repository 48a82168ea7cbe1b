"""Connections to SQLite files, with every safety setting of the product, and their errors in our words."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlite_utils

from appliance.db import library
from appliance.db.database import Busy, Duplicate
from appliance.db.troubles import Damaged
from appliance.errors import Problem

APPLICATION_ID = 0x41485131  # "AHQ1"
BUSY_MS = 5000
# Before the first connection, which is made below.
library.count_no_memory()


def connect(path: Path, *, synchronous: str = "FULL") -> sqlite3.Connection:
    """The file must exist unless its folder is being made."""
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


def connect_to_look(path: Path) -> sqlite3.Connection:
    """Nothing can be written. A log that somebody else has left is left as it is, and none stays behind."""
    # Only who may write takes the log away that looking makes; only who may not leaves one that was there.
    mode = "ro" if path.with_name(f"{path.name}-wal").exists() else "rw"
    conn = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    for pragma in (f"busy_timeout = {BUSY_MS}", "query_only = ON", "trusted_schema = OFF"):
        conn.execute(f"PRAGMA {pragma}")
    conn.set_authorizer(_no_attach)
    return conn


def _no_attach(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_DENY if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH) else sqlite3.SQLITE_OK


@contextmanager
def own_statements(conn: sqlite3.Connection) -> Iterator[None]:
    """For statements that come with the program alone, of which none attaches anything.

    SQLite asks about every table and column of a statement, 470 times in a migration, and each time this thread waits
    for all others that want the interpreter.
    """
    conn.set_authorizer(None)
    try:
        yield
    finally:
        conn.set_authorizer(_no_attach)


def open_utils(path: Path, looking: bool = False) -> sqlite_utils.Database:
    if not path.exists():
        raise Damaged(f"The database {path.name} is missing. Restore it from a backup.")
    try:
        conn = connect_to_look(path) if looking else connect(path)
        return sqlite_utils.Database(conn, recursive_triggers=False, execute_plugins=False)
    except sqlite3.DatabaseError as error:
        raise problem(error) from error


def settle(conn: sqlite3.Connection) -> None:
    """Bring what is in the journal into the file before a connection is closed.

    Closing does the same, but holds up every thread of the process while it waits for the disk: 7 ms, and 0.6 after
    this. What somebody still reads stays in the journal.
    """
    with contextlib.suppress(sqlite3.Error):
        conn.execute("PRAGMA busy_timeout = 0")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def copy(source: sqlite3.Connection, original: Path, target: Path) -> None:
    """A whole copy of the database behind `source`, checked before. Raises Problem when it is not sound.

    It does not wait for the disk, which would take most of the time of an upgrade: who puts it back checks it again.
    """
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    try:
        _require_sound(source)
        if not _copied_as_file(source, original, partial):
            _copied_by_pages(source, partial)
        os.replace(partial, target)
    except sqlite3.DatabaseError as error:
        raise problem(error) from error
    finally:
        partial.unlink(missing_ok=True)


def _copied_as_file(source: sqlite3.Connection, original: Path, target: Path) -> bool:
    """A third of the time of a copy by pages. Only while nothing is in the journal and nobody can write."""
    source.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    source.execute("BEGIN IMMEDIATE")
    try:
        journal = original.with_name(f"{original.name}-wal")
        if journal.exists() and journal.stat().st_size:
            # Somebody else reads an older state, which keeps the journal.
            return False
        shutil.copyfile(original, target)
        return True
    finally:
        source.execute("ROLLBACK")


def _copied_by_pages(source: sqlite3.Connection, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(str(target), isolation_level=None)) as made:
        made.execute("PRAGMA synchronous = OFF")
        made.execute("PRAGMA journal_mode = OFF")
        # In one step: in several it would begin anew with each write, for ever under load.
        source.backup(made)
        _require_sound(made)


def check(path: Path) -> None:
    """Raises Problem when the file is not a sound database."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as opened:
            _require_sound(opened)
    except sqlite3.DatabaseError as error:
        raise problem(error) from error


def _require_sound(conn: sqlite3.Connection) -> None:
    found = str(conn.execute("PRAGMA quick_check(1)").fetchone()[0])
    if found != "ok":
        raise Damaged(f"The database is damaged ({found}). Restore it from a backup.")


def problem(error: sqlite3.Error) -> Exception:
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
    # A table of ours is gone with the file that had it, as for PostgreSQL with its schema.
    if "malformed" in text or "not a database" in text or "no such table" in text:
        return Damaged(f"The database is damaged ({text}). Restore it from a backup.")
    return error


def _refused(text: str) -> Problem:
    if "UNIQUE" in text or "PRIMARY KEY" in text:
        return Duplicate(f"There is one like this already ({text}).")
    return Problem("conflict", f"The database refused the change ({text}).")
