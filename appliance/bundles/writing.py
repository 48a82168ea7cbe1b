"""A tenant into a bundle: one moment of its database, while others go on writing, and its files."""

from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import msgspec

from appliance import __version__, clock, redaction
from appliance.bundles import folder, secrets
from appliance.bundles.classes import ELSEWHERE, TABLES
from appliance.bundles.container import LINE_MOST, PART, Packer
from appliance.bundles.manifest import END, FORMAT, MANIFEST, VERSION, End, Holder, LeftOut, Manifest, Person, encode
from appliance.bundles.secrets import Mode, Wrapping
from appliance.crypto import Vault
from appliance.db import migrate
from appliance.db.columns import Table, tables
from appliance.db.database import Database, Row
from appliance.db.tenants import Catalogue
from appliance.domain import members, tenants
from appliance.errors import Problem

AT_ONCE = 200
SECRET = "enter it anew after the import, or export with a passphrase"


class Written(NamedTuple):
    """`rows` by table; `files` is their number and `size` their bytes."""

    rows: dict[str, int]
    files: int
    size: int


def write(
    catalogue: Catalogue,
    tenant_id: str,
    out: BinaryIO,
    vault: Vault | None = None,
    *,
    passphrase: str = "",
    backup: bool = False,
) -> Written:
    """One tenant to `out`, from front to end, with a few MiB of memory.

    Without a vault or passphrase secrets are left behind. A `backup` has every table and every secret as it is sealed:
    it goes back to the same tenant under the same key. Two bundles of the same data differ only in `made_at`, and
    with a passphrase in what is sealed. Raises Problem(invalid) for a short passphrase.
    """
    wrapping = secrets.wrapping(passphrase) if passphrase else Wrapping("kept" if backup else "left")
    with catalogue.control() as control, catalogue.open(tenant_id) as db:
        if vault and not backup:
            secrets.known(db, vault)
        with db.snapshot():
            packer = Packer(out)
            packer.add(MANIFEST, encode(_manifest(control, db, wrapping)))
            rows = {table.name: _rows(packer, db, table, wrapping, vault) for table in kept(wrapping.mode)}
        files, size = _files(packer, catalogue, tenant_id, clean=not backup)
        packer.add(END, encode(End(rows, files, size, packer.members)))
        packer.close()
    return Written(rows, files, size)


def kept(mode: Mode) -> list[Table]:
    """The tables of a bundle, each after those that its rows refer to."""
    return [table for name, table in tables("tenant").items() if mode == "kept" or not TABLES[name].why]


def _manifest(control: Database, db: Database, wrapping: Wrapping) -> Manifest:
    tenant = tenants.by_id(control, db.name)
    people = [Person(m.id, m.email, m.name, m.role) for m in members.every(control, db.name)]
    return Manifest(
        format=FORMAT,
        version=VERSION,
        schema=migrate.latest("tenant"),
        program=__version__,
        made_at=clock.iso(),
        tenant=Holder(tenant.slug, tenant.name, tenant.plan, tenant.simulated),
        people=sorted(people, key=lambda person: person.id),
        tables={table.name: list(table.columns) for table in kept(wrapping.mode)},
        secrets=wrapping.mode,
        salt=wrapping.salt,
        left_out=_left_out(db, wrapping),
    )


def _left_out(db: Database, wrapping: Wrapping) -> list[LeftOut]:
    if wrapping.mode == "kept":
        return [LeftOut(what, why) for what, why in ELSEWHERE]
    found = [LeftOut(name, kind.why) for name, kind in TABLES.items() if kind.why]
    if wrapping.mode == "left":
        found += [LeftOut(f"{table}.secret", SECRET, names) for table, names in secrets.names(db).items()]
    return found + [LeftOut(what, why) for what, why in ELSEWHERE]


def _rows(packer: Packer, db: Database, table: Table, wrapping: Wrapping, vault: Vault | None) -> int:
    count, number, lines, size = 0, 0, list[bytes](), 0
    for line in _lines(db, table, wrapping, vault):
        lines.append(line)
        count, size = count + 1, size + len(line)
        if size >= PART:
            number += 1
            packer.add(_name(table.name, number), b"".join(lines))
            lines, size = [], 0
    if lines:
        packer.add(_name(table.name, number + 1), b"".join(lines))
    return count


def _lines(db: Database, table: Table, wrapping: Wrapping, vault: Vault | None) -> Iterator[bytes]:
    flags = [n for n, column in enumerate(table.columns.values()) if column.type == "BOOLEAN"]
    encoder = msgspec.json.Encoder()
    for row in _found(db, table, wrapping, vault):
        values = list(row.values())
        for n in flags:
            values[n] = None if values[n] is None else bool(values[n])
        line = encoder.encode(values) + b"\n"
        if len(line) > LINE_MOST:
            raise Problem("too_large", f"A row of {table.name} has {len(line):,} bytes; a bundle takes {LINE_MOST:,}.")
        yield line


def _found(db: Database, table: Table, wrapping: Wrapping, vault: Vault | None) -> Iterator[Row]:
    kind = TABLES[table.name]
    for rows in db.stream(_select(db, table), AT_ONCE):
        for row in rows:
            sealed = wrapping.row(table.name, row, db.name, vault) if kind.secret else row
            clean: Any = sealed if wrapping.mode == "kept" else redaction.clean_all(sealed, db.name)
            # Only SQLite can have a NUL in text.
            yield {k: v.replace("\0", "\ufffd") if isinstance(v, str) and "\0" in v else v for k, v in clean.items()}


def _select(db: Database, table: Table) -> str:
    by = (f"{key} {db.by_bytes}" if table.columns[key].type == "TEXT" else key for key in table.key)
    return f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY {', '.join(by)}"


def _name(table: str, number: int) -> str:
    return f"rows/{table}/{number:06}.ndjson"


def _files(packer: Packer, catalogue: Catalogue, tenant_id: str, clean: bool) -> tuple[int, int]:
    files, size = 0, 0
    for number, segment in enumerate(folder.segments(catalogue.files(tenant_id), tenant_id, clean), 1):
        packer.add(f"files/{number:06}.json", msgspec.json.encode(segment.pieces))
        packer.add(f"files/{number:06}.bin", segment.content)
        files += sum(piece.last for piece in segment.pieces)
        size += len(segment.content)
    return files, size
