import pytest

from appliance.db.sqlite_catalogue import SqliteCatalogue
from tests.bundles.filling import fill, put_files
from tests.bundles.packing import packed
from tests.world import write_play


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bundle of a tenant that has something in every table, and files."""
    catalogue = SqliteCatalogue(tmp_path_factory.mktemp("sound"))
    acme = write_play(catalogue).tenants["acme"]
    with catalogue.open(acme.id) as db:
        fill(db, seed=2)
        put_files(db, catalogue.files(acme.id))
    made = packed(catalogue, acme.id)
    catalogue.close()
    return made
