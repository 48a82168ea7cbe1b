"""A PostgreSQL schema as a SQLite file and back: both have the same tables, made by the same migrations."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from appliance.db.sqlite_connection import problem
from appliance.errors import Problem

CHUNK = 1000


def take(url: str, schema: str, into: Path) -> None:
    """Fill the migrated, empty database at `into` with one moment of the schema, row by row through a cursor."""
    try:
        with psycopg.connect(url) as conn, closing(sqlite3.connect(str(into), isolation_level=None)) as out:
            conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            conn.read_only = True
            out.execute("PRAGMA foreign_keys = OFF")
            out.execute("BEGIN")
            for table in _tables(out):
                out.execute(f'DELETE FROM "{table}"')
                _read_table(conn, out, schema, table)
            out.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        raise problem(error) from error
    except psycopg.Error as error:
        raise Problem("unavailable", f"The PostgreSQL server refused the copy ({_said(error)}).") from error


def fill(conn: "psycopg.Connection[Any]", schema: str, path: Path) -> None:
    """Write every row of the database at `path` into the empty, migrated schema, in the open transaction."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source:
        for table in _parents_first(source):
            conn.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(schema, table)))
            _write_table(conn, source, schema, table)


def _read_table(conn: "psycopg.Connection[Any]", out: sqlite3.Connection, schema: str, table: str) -> None:
    with conn.cursor(name="copy") as cursor:
        cursor.itersize = CHUNK
        cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table)))
        names = [column.name for column in cursor.description or ()]
        columns = ", ".join(f'"{name}"' for name in names)
        out.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join("?" * len(names))})', cursor)


def _write_table(conn: "psycopg.Connection[Any]", source: sqlite3.Connection, schema: str, table: str) -> None:
    """By COPY; a row that points into its own table comes after the one it points at."""
    cursor = source.execute(f'SELECT * FROM "{table}"')
    names = [column[0] for column in cursor.description]
    yes_no = _booleans(conn, schema, table)
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    copy = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(schema, table), columns)
    with conn.cursor() as writing, writing.copy(copy) as out:
        for row in cursor:
            out.write_row(
                [bool(v) if name in yes_no and v is not None else v for name, v in zip(names, row, strict=True)]
            )


def _booleans(conn: "psycopg.Connection[Any]", schema: str, table: str) -> set[str]:
    found = conn.execute(
        "SELECT column_name AS name FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s AND data_type = 'boolean'",
        (schema, table),
    )
    return {str(row["name"]) for row in found.fetchall()}


def _parents_first(source: sqlite3.Connection) -> Iterator[str]:
    parents = {table: _parents(source, table) for table in _tables(source)}
    yield from TopologicalSorter(parents).static_order()


def _tables(source: sqlite3.Connection) -> list[str]:
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
    return [str(row[0]) for row in source.execute(names)]


def _parents(source: sqlite3.Connection, table: str) -> set[str]:
    return {str(row[2]) for row in source.execute(f'PRAGMA foreign_key_list("{table}")')} - {table}


def _said(error: Exception) -> str:
    return str(error).partition("\n")[0]
