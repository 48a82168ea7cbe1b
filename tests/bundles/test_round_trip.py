"""What goes into a bundle comes out of it, column by column, on and between both databases."""

import io

from appliance import bundles
from tests.bundles.filling import fill, rows
from tests.world import World


def test_every_column_of_every_table_comes_back(world: World) -> None:
    with world.db() as db:
        fill(db, seed=1)
        before = rows(db)
    packed = io.BytesIO()
    bundles.write(world.catalogue, world.acme.id, packed, world.vault, backup=True)

    world.catalogue.create("copy")
    packed.seek(0)
    bundles.load(world.catalogue, "copy", packed, world.vault, backup=True)

    with world.catalogue.open("copy") as copy:
        assert rows(copy) == before
