"""Tables as the migrations make them, without asking a database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.db.columns import tables
from appliance.db.database import Database
from appliance.db.sqlite_catalogue import SqliteCatalogue

KINDS = {"tenant": "made", "control": "control"}


@pytest.fixture(params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Database]]:
    catalogue = SqliteCatalogue(tmp_path)
    catalogue.create("made")
    with catalogue.open(KINDS[request.param]) as db:
        yield request.param, db
    catalogue.close()


def test_all_tables_are_there_with_their_columns_keys_and_references(made: tuple[str, Database]) -> None:
    kind, db = made
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> '_migrations'"
    assert {row["name"] for row in db.rows(names)} == set(tables(kind))

    for name, table in tables(kind).items():
        found = db.rows(f"SELECT * FROM pragma_table_info('{name}')")
        points = {row["from"]: (row["table"], row["to"]) for row in db.rows(f"PRAGMA foreign_key_list({name})")}
        said = [(c.name, c.type, c.null, c.needed, c.references) for c in table.columns.values()]
        assert said == [
            (c["name"], c["type"], not (c["notnull"] or c["pk"]), _needed(c), points.get(c["name"])) for c in found
        ]
        assert table.key == tuple(c["name"] for c in sorted(found, key=lambda c: int(c["pk"])) if c["pk"])


def _needed(column: dict[str, object]) -> bool:
    return bool(column["notnull"] or column["pk"]) and column["dflt_value"] is None


def test_a_table_comes_after_those_it_refers_to() -> None:
    seen: set[str] = set()
    for name, table in tables("tenant").items():
        seen.add(name)
        assert all(column.references[0] in seen for column in table.columns.values() if column.references)
