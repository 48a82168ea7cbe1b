"""Every table of a tenant, filled with rows that the schema allows."""

import hashlib
import random
from pathlib import Path
from typing import Any

from appliance.bundles.classes import TABLES
from appliance.db.columns import Column, Table, tables
from appliance.db.database import Database, Row
from appliance.domain import blobs

EACH = 7
WORDS = ("", "plain", "ünïcode ☂", "line\nbreak\ttab", '"quotes" \\ and [brackets]', "x" * 5000, "𝄞 beyond")
NUMBERS = (0, 1, -1, 2**63 - 1, -(2**63), 1_700_000_000_000)
FRACTIONS = (0.0, -0.5, 0.1, 1e-300, 1.7e308, 123456789.123456789)
CHOICES: dict[str, tuple[Any, ...]] = {"BIGINT": NUMBERS, "BOOLEAN": (True, False), "DOUBLE PRECISION": FRACTIONS}


def fill(db: Database, seed: int, each: int = EACH) -> None:
    """The same rows for the same seed; what was there before goes."""
    dice = random.Random(seed)
    made: dict[str, list[str]] = {}
    with db.transaction():
        for table in reversed(tables("tenant").values()):
            db.execute(f"DELETE FROM {table.name}")
        for name, table in tables("tenant").items():
            found = [_row(table, n, dice, made) for n in range(each)]
            made[name] = [row[table.key[0]] for row in found]
            db.insert_all(name, found)
            _point_anywhere(db, table, made[name], dice)
        for counter in ("event", "task"):
            db.insert("counters", {"name": counter, "value": 1000})


def rows(db: Database) -> dict[str, list[Row]]:
    """Everything there is, by table."""
    return {name: _sorted(db, table) for name, table in tables("tenant").items()}


def _sorted(db: Database, table: Table) -> list[Row]:
    found = [
        {name: _plain(table.columns[name], row[name]) for name in table.columns}
        for row in db.rows(f"SELECT * FROM {table.name}")
    ]
    return sorted(found, key=lambda row: [str(row[key]) for key in table.key])


def _plain(column: Column, value: Any) -> Any:
    return bool(value) if column.type == "BOOLEAN" and value is not None else value


def _row(table: Table, n: int, dice: random.Random, made: dict[str, list[str]]) -> Row:
    return {column.name: _value(table, column, n, dice, made) for column in table.columns.values()}


def _value(table: Table, column: Column, n: int, dice: random.Random, made: dict[str, list[str]]) -> Any:
    if column.references:
        own = column.references[0] == table.name
        return None if own or (column.null and dice.random() < 0.3) else made[column.references[0]][n]
    if column.null and dice.random() < 0.3:
        return None
    if column.type == "BIGINT" and _alone(table, column):
        return n
    return _text(table, column, n, dice) if column.type == "TEXT" else dice.choice(CHOICES[column.type])


def _text(table: Table, column: Column, n: int, dice: random.Random) -> str:
    if column.name in TABLES[table.name].json:
        return dice.choice(("[]", "{}", '{"a": [1, "b"]}', "null"))
    if column.name == "id" or (table.name, column.name) == ("blobs", "digest"):
        return _id(table.name, n)
    if column.name == "call_id":
        return _id("calls", n)
    return f"{column.name} {n} {dice.choice(WORDS)}"


def _alone(table: Table, column: Column) -> bool:
    return column.name in table.key or column.name in ("number", "seq")


def _id(table: str, n: int) -> str:
    text = hashlib.sha256(f"{table} {n}".encode()).hexdigest()
    return f"0000000{n}-{text[:4]}-7{text[4:7]}-8{text[7:10]}-{text[10:22]}"


def _point_anywhere(db: Database, table: Table, ids: list[str], dice: random.Random) -> None:
    """Rows that refer to others of their own table, earlier and later ones."""
    for column in table.columns.values():
        if column.references and column.references[0] == table.name:
            for one in ids:
                db.update(table.name, {table.key[0]: one}, **{column.name: dice.choice(ids)})


def put_files(db: Database, files: Path) -> None:
    """A kept value, and a workspace with text, bytes, an empty file, a large one and a link that leads out."""
    with db.transaction():
        blobs.keep(db, files, "kept " * 10_000)
    work = files / "workspaces" / _id("tasks", 0)
    (work / "deep" / "er").mkdir(parents=True)
    (work / "notes.md").write_text("# Notes ☂\n")
    (work / "deep" / "bytes.bin").write_bytes(bytes(range(256)) * 10)
    (work / "deep" / "er" / "empty").touch()
    (work / "large.bin").write_bytes(random.Random(3).randbytes(1_200_000))
    (work / "link").symlink_to("/etc/passwd")
