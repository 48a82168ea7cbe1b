"""A whole copy of one SQLite database, taken beside its writers, and what is in such a copy."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from appliance.db.database import Row
from appliance.db.sqlite_connection import APPLICATION_ID, BUSY_MS, problem
from appliance.errors import Problem


class Inside(NamedTuple):
    """`schema` is the last migration, `counts` the rows of each table."""

    schema: int
    counts: dict[str, int]


def take(path: Path, into: Path) -> None:
    """One moment of the database at `path`, written to the new file `into`. Writers go on meanwhile.

    It does not wait for the disk: once it is in the backup it goes, mostly before any of it was there. The stepwise
    backup interface starts again at each commit and never ends on a busy box; `VACUUM` would write to the original.
    Raises Problem(disk_full), Problem(unavailable).
    """
    into.touch(0o600)
    with _opened(f"file:{path}?mode=ro") as conn:
        conn.execute("PRAGMA synchronous = OFF")
        # No authorizer here: this one statement attaches its target by itself.
        conn.execute("VACUUM INTO ?", (str(into),))


def check(path: Path) -> Inside:
    """What is in a copy, after SQLite has looked at every page and every reference. Raises Problem(unavailable)."""
    with _opened(f"file:{path}?mode=ro&immutable=1") as conn:
        if conn.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise Problem("unavailable", "The copy is not a database of AgentHQ.")
        found = str(conn.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if found != "ok":
            raise Problem("unavailable", f"The database is damaged ({found}). Restore it from a backup.")
        if orphan := conn.execute("PRAGMA foreign_key_check").fetchone():
            raise Problem("unavailable", f"The database is damaged (a row of {orphan[0]} points at one that is gone).")
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        tables = [str(row[0]) for row in conn.execute(names + " ORDER BY name")]
        counts = {name: int(conn.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]) for name in tables}
        schema = int(conn.execute("SELECT COALESCE(MAX(version), 0) FROM _migrations").fetchone()[0])
    return Inside(schema, counts)


def rows(path: Path, sql: str) -> list[Row]:
    """What a query gives on a copy that nobody writes."""
    with _opened(f"file:{path}?mode=ro&immutable=1") as conn:
        cursor = conn.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor]


def row(path: Path, sql: str) -> Row | None:
    return next(iter(rows(path, sql)), None)


@contextmanager
def _opened(uri: str) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as conn:
            conn.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            conn.execute("PRAGMA trusted_schema = OFF")
            yield conn
    except sqlite3.DatabaseError as error:
        raise problem(error) from error
