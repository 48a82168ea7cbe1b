"""What tables look like after all migrations, read from the migrations themselves: the same on either database."""

import re
from functools import cache
from typing import NamedTuple

from appliance.db import migrate

_CREATE = re.compile(r"CREATE TABLE (\w+) \((.*)\)", re.DOTALL)
_ADD = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (.*)", re.DOTALL)
_DROP = re.compile(r"DROP TABLE (?:IF EXISTS )?(\w+)")
_REFERENCE = re.compile(r"REFERENCES (\w+) \((\w+)\)")
# A comma inside brackets belongs to what is in them.
_PARTS = re.compile(r",(?![^(]*\))")
_TYPE = re.compile(r"(TEXT|BIGINT|DOUBLE PRECISION|BOOLEAN)")


class Column(NamedTuple):
    """`references` is the table and column that a value must be in. `needed`: no row is made without a value for it."""

    name: str
    type: str
    null: bool
    needed: bool
    references: tuple[str, str] | None


class Table(NamedTuple):
    """`key` are the columns of the primary key, in its order."""

    name: str
    columns: dict[str, Column]
    key: tuple[str, ...]


@cache
def tables(kind: str) -> dict[str, Table]:
    """By name, each after those that its rows refer to."""
    found: dict[str, Table] = {}
    for statement in (s for migration in migrate.migrations(kind) for s in migration.statements):
        if made := _CREATE.match(statement):
            found[made[1]] = _table(made[1], made[2])
        elif added := _ADD.match(statement):
            column = _column(added[2])
            found[added[1]].columns[column.name] = column
        elif dropped := _DROP.match(statement):
            del found[dropped[1]]
    return _ordered(found)


def _table(name: str, body: str) -> Table:
    columns, key = dict[str, Column](), tuple[str, ...]()
    for part in (part.strip() for part in _PARTS.split(body)):
        if part.startswith("PRIMARY KEY"):
            key = tuple(re.findall(r"\w+", part.removeprefix("PRIMARY KEY")))
        elif not part.startswith("UNIQUE"):
            column = _column(part)
            columns[column.name] = column
            key = (column.name,) if "PRIMARY KEY" in part else key
    for column_name in key:
        columns[column_name] = columns[column_name]._replace(null=False)
    return Table(name, columns, key)


def _column(text: str) -> Column:
    name, _, rest = text.strip().partition(" ")
    found, named = _TYPE.match(rest), _REFERENCE.search(rest)
    assert found, f"unknown type of column: {text}"
    filled = "NOT NULL" in rest or "PRIMARY KEY" in rest
    return Column(name, found[1], not filled, filled and "DEFAULT" not in rest, (named[1], named[2]) if named else None)


def _ordered(found: dict[str, Table]) -> dict[str, Table]:
    ordered: dict[str, Table] = {}

    def place(name: str) -> None:
        if name in ordered:
            return
        for column in found[name].columns.values():
            if column.references and column.references[0] != name:
                place(column.references[0])
        ordered[name] = found[name]

    for name in sorted(found):
        place(name)
    return ordered
