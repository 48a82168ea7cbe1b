"""Numbered SQL files, applied in order, once each, on either database."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from appliance import __version__, clock
from appliance.db.database import Database
from appliance.db.troubles import Damaged
from appliance.errors import Problem

PROGRAM = "program"
MARK = "schema"
FOLDER = Path(__file__).parent / "migrations"


class Migration(NamedTuple):
    version: int
    name: str
    statements: tuple[str, ...]


@cache
def migrations(kind: str) -> tuple[Migration, ...]:
    """The files of one kind, `control` or `tenant`, lowest number first."""
    return tuple(_read(path) for path in sorted((FOLDER / kind).glob("*.sql")))


@cache
def tables(kind: str) -> frozenset[str]:
    created = (re.findall(r"CREATE TABLE (\w+)", s) for m in migrations(kind) for s in m.statements)
    return frozenset(name for names in created for name in names) | {"_migrations"}


def latest(kind: str) -> int:
    return migrations(kind)[-1].version


def version(db: Database) -> int:
    """The highest migration applied; 0 for an empty database."""
    db.execute("CREATE TABLE IF NOT EXISTS _migrations (version BIGINT PRIMARY KEY, name TEXT, applied_at TEXT)")
    return int(db.value("SELECT COALESCE(MAX(version), 0) AS version FROM _migrations"))


def applied(db: Database) -> list[int]:
    """The migrations applied, read without making anything. Raises Problem(unavailable) for another file."""
    return [int(row["version"]) for row in db.rows("SELECT version FROM _migrations ORDER BY version")]


def known_version(db: Database, kind: str) -> int:
    """The version found. Raises Problem(newer_data)."""
    try:
        # A look alone: to write, a second connection would be opened to each of thousands of files.
        found = applied(db)[-1:] or [0]
    except Damaged:
        with db.transaction():
            found = [version(db)]
    refuse_newer(found[0], kind, db)
    return found[0]


def refuse_newer(found: int, kind: str, db: Database | None = None) -> None:
    """Raises Problem(newer_data): an older program must never write into data it does not know."""
    if found > latest(kind):
        writer = _writer(db, kind) if db else "a newer AgentHQ"
        raise Problem(
            "newer_data",
            f"This data was written by {writer} (schema {found}; this program, {__version__}, knows "
            f"{latest(kind)}). Start that version or a newer one, or restore a backup made before the upgrade.",
        )


def _writer(db: Database, kind: str) -> str:
    """The program that wrote the data, by the name it left in the box's database."""
    named = db.value("SELECT value FROM box WHERE name = :name", {"name": PROGRAM}) if kind == "control" else ""
    return f"AgentHQ {named}" if named else "a newer AgentHQ"


def migrate(db: Database, kind: str) -> int:
    """Bring `db` to the latest version in one transaction per file; how many files were applied."""
    found = known_version(db, kind)
    pending = [m for m in migrations(kind) if m.version > found]
    for migration in pending:
        with db.transaction():
            if version(db) >= migration.version:
                # Another process was faster.
                continue
            for statement in migration.statements:
                db.execute(statement)
            row = {"version": migration.version, "name": migration.name, "applied_at": clock.iso()}
            db.insert("_migrations", row)
    if not found and kind == "control":
        # A new box: its tenants will be made as this program makes them.
        db.upsert("box", {"name": MARK, "value": mark()}, ("name",))
    return len(pending)


def mark() -> str:
    """What `box` holds under MARK once every database is of this program's version."""
    return f"{latest('control')}.{latest('tenant')}"


def _read(path: Path) -> Migration:
    number, _, name = path.stem.partition("_")
    lines = (line for line in path.read_text().splitlines() if not line.lstrip().startswith("--"))
    statements = (s.strip() for s in "\n".join(lines).split(";\n"))
    return Migration(int(number), name, tuple(s.rstrip(";") for s in statements if s.strip(" ;\n")))
