"""What goes into a bundle comes out of it, column by column, between both databases in either direction."""

import io
from pathlib import Path

import pytest

from appliance import bundles
from appliance.db.sqlite_catalogue import SqliteCatalogue
from tests.bundles.filling import fill, put_files, rows
from tests.bundles.forging import Forged
from tests.bundles.packing import packed
from tests.world import World, write_play


@pytest.mark.parametrize("seed", range(3))
def test_every_column_of_every_table_comes_back(world: World, tmp_path: Path, seed: int) -> None:
    (tmp_path / "other").mkdir()
    other = SqliteCatalogue(tmp_path / "other")
    there = write_play(other).tenants["acme"]
    with world.db() as db:
        fill(db, seed)
        before = rows(db)
        put_files(db, world.catalogue.files(world.acme.id))
        before["blobs"] = rows(db)["blobs"]
    went = packed(world.catalogue, world.acme.id, backup=True)

    bundles.load(other, there.id, io.BytesIO(went), backup=True)
    came = packed(other, there.id, backup=True)
    bundles.load(world.catalogue, world.globex.id, io.BytesIO(came), backup=True)

    with other.open(there.id) as db:
        assert rows(db) == before
    with world.db(world.globex) as db:
        assert rows(db) == before
    assert _content(came) == _content(went)
    other.close()


def _content(content: bytes) -> dict[str, bytes]:
    return {name: part for name, part in Forged(content).members if name != "manifest.json"}
