"""A bundle into a database: looked through as a whole first, then stored where nobody sees it until it is whole."""

import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from appliance.bundles.checking import Reader, Rows
from appliance.bundles.container import Limits, refused
from appliance.bundles.folder import Segment
from appliance.bundles.manifest import Holder, LeftOut, Person
from appliance.bundles.secrets import Mode
from appliance.bundles.shapes import kept_tables
from appliance.crypto import Vault
from appliance.db.database import Database, Duplicate, Row
from appliance.db.tenants import Catalogue
from appliance.domain.workspace import FULL
from appliance.errors import Problem

AT_ONCE = 200
LIMITS = Limits()


class Report(msgspec.Struct, frozen=True):
    """What is in a sound bundle: rows by table, number and bytes of the files.

    `notes` say what this box takes otherwise than the bundle says.
    """

    tenant: Holder
    made_at: str
    program: str
    schema: int
    secrets: Mode
    rows: dict[str, int]
    files: int
    bytes: int
    people: list[Person]
    left_out: list[LeftOut]
    notes: list[str] = []


def check(source: BinaryIO, *, passphrase: str = "", backup: bool = False, limits: Limits = LIMITS) -> Report:
    """Look through a whole bundle and change nothing. Raises Problem(bad_bundle) that names the first fault."""
    reader = Reader(source, passphrase, backup, limits)
    for _ in reader.items():
        """Asking for it is what checks it."""
    return _report(reader)


def load(
    catalogue: Catalogue,
    tenant_id: str,
    source: BinaryIO,
    vault: Vault | None = None,
    *,
    passphrase: str = "",
    backup: bool = False,
    limits: Limits = LIMITS,
) -> Report:
    """Fill the database and folder of a tenant that nobody works on yet: what its migrations put there goes.

    Not all or nothing: discard the database when this raises. With `backup` secrets are stored as they are sealed.
    """
    reader = Reader(source, passphrase, backup, limits)
    files = _Files(catalogue.files(tenant_id))
    with catalogue.open(tenant_id) as db:
        with catalogue.hurried(tenant_id):
            _empty(db, backup)
            try:
                for item in reader.items():
                    if isinstance(item, Rows):
                        _store(db, vault, reader, item)
                    else:
                        files.store(item)
            except Duplicate as error:
                raise refused(f"two rows have what only one may have ({error.detail})") from error
            _link(db, reader)
        if (found := db.integrity()) != "ok":
            raise refused(f"what it holds does not fit together ({found})")
    return _report(reader)


def _store(db: Database, vault: Vault | None, reader: Reader, item: Rows) -> None:
    table = item.shape.table
    rows = item.rows
    if item.shape.kind.secret:
        rows = [reader.wrapping.unwrapped(table.name, row, db.name, vault) for row in rows]
    with db.transaction():
        for start in range(0, len(rows), AT_ONCE):
            chunk = rows[start : start + AT_ONCE]
            db.insert_all(table.name, [_unlinked(reader, item, row) for row in chunk])


def _unlinked(reader: Reader, item: Rows, row: Row) -> Row:
    """Without what points at a later row of its own table: that is set when all are there."""
    later = {}
    for place, table in item.shape.references:
        column = item.shape.columns[place]
        key = item.shape.table.key[0]
        if table == item.shape.table.name and row[column] is not None and row[column] >= row[key]:
            later[column] = row[column]
            reader.later.append((table, key, row[key], column, row[column]))
    return row | dict.fromkeys(later) if later else row


def _link(db: Database, reader: Reader) -> None:
    with db.transaction():
        for table, key, own, column, value in reader.later:
            db.update(table, {key: own}, **{column: value})


def _empty(db: Database, backup: bool) -> None:
    with db.transaction():
        for table in reversed(kept_tables(backup)):
            db.execute(f"DELETE FROM {table.name}")


class _Files:
    """The tenant's folder; the paths were checked, and nothing but us writes there yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def store(self, segment: Segment) -> None:
        start = 0
        try:
            for piece in segment.pieces:
                self._append(piece.path, piece.at, segment.content[start : start + piece.size], piece.last)
                start += piece.size
        except OSError as error:
            if error.errno in FULL:
                raise Problem("disk_full", "The disk is full: the bundle was not imported. Free some space.") from error
            raise refused(f"a file of it can't be stored ({error.strerror})") from error

    def _append(self, path: str, at: int, content: bytes, last: bool) -> None:
        target = self._folder / path
        if not at:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_NOFOLLOW | (os.O_APPEND if at else os.O_CREAT | os.O_EXCL)
        with open(os.open(target, flags, 0o600), "wb") as file:
            file.write(content)
            if last:
                file.flush()
                os.fsync(file.fileno())


def _report(reader: Reader) -> Report:
    made, end = reader.manifest, reader.end
    return Report(
        made.tenant, made.made_at, made.program, made.schema, made.secrets, end.rows, end.files, end.bytes,
        made.people, made.left_out,
    )  # fmt: skip
