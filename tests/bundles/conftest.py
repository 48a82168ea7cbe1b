"""A tenant with something of everything, and its bundle."""

from collections.abc import Iterator

import pytest

from appliance.db.sqlite_catalogue import SqliteCatalogue
from appliance.domain import blobs, providers
from appliance.domain.notices import channels
from appliance.domain.notices.channels import NewChannel
from appliance.domain.provider_forms import NewProvider
from appliance.domain.workspace import of_task
from tests.bundles.bringing import KEY
from tests.bundles.filling import fill, put_files
from tests.bundles.packing import packed
from tests.domain.scheduling import Calendar
from tests.domain.waking import Office, open_office
from tests.world import World, write_play


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


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    """Work under way, a schedule, a file, a kept value, an account and a channel with secrets."""
    with world.db() as db:
        office = open_office(world, db)
        providers.add(db, world.alice.actor, world.vault, NewProvider("Real", "openai", secret=KEY, models=["m"]))
        hook = NewChannel("ntfy", "https://ntfy.test/", topic="acme", secret="tk_channelsecret1234")
        channels.add(db, world.alice.actor, world.vault, channels.TENANT, hook)
        Calendar(office).add("daily")
        task = office.task("Look at this ☂", assignee="ada")
        of_task(world.catalogue.files(world.acme.id), task.id).write("deep/notes.md", b"# Notes")
        with db.transaction():
            blobs.keep(db, world.catalogue.files(world.acme.id), "kept " * 9000)
        office.begin()
        yield office
