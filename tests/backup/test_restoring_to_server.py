"""A whole box onto a PostgreSQL server: what was there is kept aside as a whole, and nothing of it shines through."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from appliance.backup import making, restoring
from appliance.backup.means import Means
from appliance.backup.restoring import Source, Whole
from appliance.crypto import Vault
from appliance.db.tenants import CONTROL, Catalogue, open_catalogue
from appliance.domain import blobs, chain, comments, events, members, provider_secrets, samples, tasks, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from appliance.gateway.targets.folder import Config, FolderTarget
from tests.world import MASTER, World

pytestmark = pytest.mark.postgres
# Where it does not matter what kept the data that was backed up.
FROM_FILES = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
SECRET = "sk-live-5d3f1c2b9a"
SCHEMAS = "SELECT schema_name FROM information_schema.schemata WHERE schema_name ~ '^(aside|agenthq|t)_' ORDER BY 1"


@pytest.fixture
def url(postgres_url: str) -> str:
    """An empty database on the server."""
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS put_back WITH (FORCE)")
        server.execute("CREATE DATABASE put_back")
    return postgres_url.rpartition("/")[0] + "/put_back"


@pytest.fixture
def server(url: str, tmp_path: Path) -> Iterator[Catalogue]:
    (tmp_path / "new").mkdir()
    made = open_catalogue(tmp_path / "new", url, 5)
    yield made
    made.close()


@pytest.fixture
def digest(world: World) -> str:
    """Of a kept value of Acme, which has work and an account with a secret too; all of it is backed up."""
    with world.db() as db:
        tasks.create(db, world.alice.actor, NewTask("Before the backup", labels=["a", "b"]))
        with db.transaction():
            provider = samples.add_simulated(db, SYSTEM, world.vault)
            sealed = world.vault.seal(world.acme.id, f"providers|{provider.id}|secret|1", SECRET)
            db.update("providers", {"id": provider.id}, secret=sealed, generation=1)
            kept = blobs.keep(db, world.catalogue.files(world.acme.id), "a long value")
    making.run(Means(world.catalogue, world.vault), SYSTEM)
    return kept


def put_back(world: World, server: Catalogue, force: bool = False) -> Whole:
    source = Source(FolderTarget(Config(str(world.catalogue.folder / "backups"))), Vault(MASTER, lambda _: ""))
    return restoring.box(server.folder, source, SYSTEM, force, server)


def schemas(url: str) -> list[str]:
    with psycopg.connect(url) as conn:
        return [str(row[0]) for row in conn.execute(SCHEMAS).fetchall()]


def vault(server: Catalogue) -> Vault:
    def find(tenant_id: str) -> str:
        with server.control() as control:
            return tenants.wrapped_key(control, tenant_id)

    return Vault(MASTER, find)


def test_a_box_comes_back_onto_an_empty_server(world: World, server: Catalogue, url: str, digest: str) -> None:
    with world.db() as db:
        before = {name: db.rows(f"SELECT * FROM {name}") for name in ("tasks", "providers", "blobs")}

    done = put_back(world, server)

    assert ([one.slug for one in done.tenants], done.missing) == (["acme", "globex"], {})
    assert (done.schemas, done.aside, len(schemas(url))) == ("", None, 3)
    with server.control() as control, server.open(world.acme.id) as db:
        assert {name: db.rows(f"SELECT * FROM {name}") for name in before} == before
        [account] = db.rows("SELECT id FROM providers WHERE secret <> ''")
        assert provider_secrets.opened(db, vault(server), account["id"]) == SECRET
        assert blobs.read(server.files(world.acme.id), digest) == "a long value"
        assert db.value("SELECT value FROM counters WHERE name = 'epoch'") == 1
        assert control.value("SELECT COUNT(*) AS n FROM sessions") == 0
        assert [member.name for member in members.every(control, world.acme.id)] == ["Alice", "Bob", "Otto"]
        assert control.value("SELECT COUNT(*) AS n FROM audit WHERE action = 'box.restored'") == 1
    assert (server.folder / "keys" / "master.key").read_text().strip() == MASTER.hex()
    left = [path.name for path in server.folder.rglob("*.db")] + [path.name for path in server.folder.glob("restor*")]
    assert left == []


@FROM_FILES
def test_work_goes_on_in_what_was_put_back(world: World, server: Catalogue, url: str, digest: str) -> None:
    put_back(world, server)

    with server.open(world.acme.id) as db:
        made = tasks.create(db, world.alice.actor, NewTask("After the restore"))
        comments.add(db, world.alice.actor, made.id, "Goes on")
        assert made.number == 2
        assert chain.verify(db).fault == ""
        assert events.last(db) > 0
    with server.control() as control:
        made_tenant = tenants.create(server, control, vault(server), "third", "Third")
        assert [tenant.slug for tenant in tenants.every(control)] == ["acme", "globex", "third"]
    assert server.exists(made_tenant.id)


@FROM_FILES
def test_a_living_box_of_the_server_stays_aside_with_every_tenant(
    world: World, server: Catalogue, url: str, digest: str
) -> None:
    put_back(world, server)
    with server.control() as control:
        later = tenants.create(server, control, vault(server), "later", "Later").id
    with server.open(world.acme.id) as db:
        tasks.create(db, world.alice.actor, NewTask("Only in the living box"))
    with pytest.raises(Problem, match="--force"):
        put_back(world, server)
    assert len(schemas(url)) == 4

    first, second = put_back(world, server, force=True), put_back(world, server, force=True)

    names = schemas(url)
    own = {name for name in names if not name.startswith("aside")}
    assert own == {"agenthq_control", *(f"t_{one.id.replace('-', '')}" for one in (world.acme, world.globex))}
    assert first.schemas and first.schemas != second.schemas
    assert {name.removeprefix(f"{second.schemas}_") for name in names if name.startswith(second.schemas)} == own
    assert f"{first.schemas}_t_{later.replace('-', '')}" in names
    with psycopg.connect(url) as conn:
        table = f'"{first.schemas}_t_{world.acme.id.replace("-", "")}".tasks'
        kept = conn.execute(f"SELECT title FROM {table} ORDER BY number").fetchall()
    assert [str(row[0]) for row in kept] == ["Before the backup", "Only in the living box"]
    assert first.aside and [*first.aside.rglob(f"*{digest[2:]}")]
    assert blobs.read(server.files(world.acme.id), digest) == "a long value"


@FROM_FILES
@pytest.mark.parametrize("cut", ["acme", CONTROL])
def test_a_restore_that_is_cut_leaves_no_box_and_is_run_again(
    world: World, server: Catalogue, url: str, digest: str, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_back(world, server)
    real, at = server.put_back, world.acme.id if cut == "acme" else CONTROL

    def dies(tenant_id: str, made: Path, aside: Path) -> None:
        if tenant_id == at:
            raise KeyboardInterrupt
        real(tenant_id, made, aside)

    with monkeypatch.context() as power:
        power.setattr(server, "put_back", dies)
        with pytest.raises(KeyboardInterrupt):
            put_back(world, server, force=True)
    assert "agenthq_control" not in schemas(url)

    again = open_catalogue(server.folder, url, 5)
    with again.control() as control:
        assert tenants.every(control) == []
    done = put_back(world, again)
    assert [one.slug for one in done.tenants] == ["acme", "globex"]
    assert blobs.read(again.files(world.acme.id), digest) == "a long value"
    with again.open(world.acme.id) as db:
        assert [task["title"] for task in db.rows("SELECT title FROM tasks")] == ["Before the backup"]
    again.close()
