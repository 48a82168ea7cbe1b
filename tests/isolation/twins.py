"""Two tenants with the same rows under the same ids, of which one is marked: whatever shows the mark leaks."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from appliance import app, demo, settings
from appliance.db.tenants import open_catalogue
from appliance.domain import keys, members, sessions, tenants, users
from appliance.domain.actor import SYSTEM
from appliance.domain.key_forms import NewKey
from appliance.domain.tenants import Tenant
from tests.world import PASSWORD, Browser, Part, Theatre, World, write_play

MARK = "QX7SENTINEL"
# Where a single word is somebody's own text too.
NAMED = ("agents", "tasks", "providers", "workflows", "instances", "schedules", "projects", "comments")
_MOMENT_OR_CRON = re.compile(r"\d{4}-\d\d-\d\d[ T].*|[\d*,/-]+( [\w*,/-]+){4}")
NAMES = frozenset({"name", "title", "label"})


class Twins:
    """Charlie owns `plain`, which holds what `marked` holds, but for the mark. Mara owns `marked`."""

    def __init__(self, world: World, theatre: Theatre, url: str, month: Path) -> None:
        self.world = world
        self.plain: Tenant = world.globex
        with world.control() as control:
            self.marked = tenants.create(world.catalogue, control, world.vault, "northwind", "Northwind")
            owner = users.create(control, SYSTEM, "mara@northwind.test", "Mara", PASSWORD)
            self.key = keys.create(control, SYSTEM, self.plain.id, NewKey("Sweep", role="owner")).secret
            joined = members.join(control, SYSTEM, self.marked.id, owner.id, "owner")
            part = Part(joined, self.marked, sessions.start(control, owner.id, "test", 24))
        self.mara = Browser(world.app, theatre.loop, part)
        self.charlie = world.charlie
        rows = rows_of(month)
        self.marks = 0
        for tenant, mark in ((self.plain, False), (self.marked, True)):
            held = {table: [marked_row(table, row) if mark else row for row in found] for table, found in rows.items()}
            changed = (old != new for table in rows for old, new in zip(rows[table], held[table], strict=True))
            self.marks += sum(changed)
            (fill_postgres if url else fill_sqlite)(url or str(world.catalogue.folder), tenant.id, held)


def month_of_work(folder: Path) -> Path:
    """The file of a tenant after a month of work by the real engine."""
    given = settings.load({"data": str(folder)}, {})
    with app.open_data(given) as catalogue, app.open_box(given, catalogue) as box:
        demo.past(box, 7, lambda line: None)
    [found] = folder.glob("tenants/*/tenant.db")
    return found


def rows_of(file: Path) -> dict[str, list[dict[str, Any]]]:
    conn = sqlite3.connect(file)
    conn.row_factory = sqlite3.Row
    tables = [row["name"] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {table: [dict(row) for row in conn.execute(f"SELECT * FROM {table}")] for table in tables}
    conn.close()
    return {table: rows for table, rows in found.items() if not table.startswith("sqlite_")}


def fill_sqlite(folder: str, tenant_id: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    conn = sqlite3.connect(Path(folder) / "tenants" / tenant_id / "tenant.db")
    for table, found in rows.items():
        conn.execute(f"DELETE FROM {table}")
        if found:
            columns = ", ".join(found[0])
            conn.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(found[0]))})",
                [tuple(row.values()) for row in found],
            )
    conn.commit()
    conn.close()


def fill_postgres(url: str, tenant_id: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    schema = f"t_{tenant_id.replace('-', '')}"
    types = """SELECT column_name FROM information_schema.columns
      WHERE table_schema = %s AND table_name = %s AND data_type = %s"""
    with psycopg.connect(url) as conn:
        conn.execute("SET session_replication_role = replica")
        for table, found in rows.items():
            where = sql.Identifier(schema, table)
            conn.execute(sql.SQL("DELETE FROM {}").format(where))
            truths = {row[0] for row in conn.execute(types, (schema, table, "boolean"))}
            columns = sql.SQL(", ").join(map(sql.Identifier, found[0] if found else ()))
            if not found:
                continue
            with conn.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(where, columns)) as copy:
                for row in found:
                    copy.write_row([bool(v) if n in truths and v is not None else v for n, v in row.items()])


def marked_row(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row with the mark in what is somebody's own text."""
    found = {
        name: marked(value, table in NAMED and name in NAMES) for name, value in row.items() if isinstance(value, str)
    }
    return row | found


def marked(text: str, always: bool = False) -> str:
    if text[:1] in ("{", "["):
        try:
            return json.dumps(_within(json.loads(text)))
        except ValueError:
            """Not JSON: a text that begins so."""
    own = text and (always or " " in text) and not _MOMENT_OR_CRON.fullmatch(text)
    return f"{MARK} {text}" if own else text


def _within(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _within(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_within(inner) for inner in value]
    return marked(value) if isinstance(value, str) and value[:1] not in ("{", "[") else value


@contextmanager
def twins(folder: Path, url: str, theatre: Theatre, month: Path) -> Iterator[Twins]:
    folder.mkdir()
    catalogue = open_catalogue(folder, url, 60)
    try:
        yield Twins(World(catalogue, write_play(catalogue), theatre, folder), theatre, url, month)
        theatre.rest()
    finally:
        catalogue.close()
