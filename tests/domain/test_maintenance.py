"""A tenant whose database can't be used goes to maintenance by itself; the others serve, and it comes back mended."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.db import troubles
from appliance.db.tenants import Catalogue
from appliance.db.troubles import Damaged
from appliance.domain import tasks, tenant_usage, tenants
from appliance.domain.actor import Actor
from appliance.domain.task_forms import NewTask
from appliance.domain.tenants import Tenant
from tests.world import World

OWNER = Actor("member", "o", "Olga", "owner")
Harm = Callable[[Path], None]


def _missing(file: Path) -> None:
    file.unlink()


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _no_database(file: Path) -> None:
    file.write_bytes(b"these are not the pages you look for" * 400)


def _torn(file: Path) -> None:
    """The head is whole, pages behind it are not."""
    with file.open("r+b") as pages:
        pages.seek(4096)
        pages.write(b"\xff" * (file.stat().st_size - 4096))


HARMS = [_missing, _empty, _no_database, _torn]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was put aside is looked at again at once."""
    monkeypatch.setattr(troubles, "RETRY_S", 0.0)


@pytest.fixture
def victim(world: World) -> Tenant:
    with world.control() as control:
        made = tenants.create(world.catalogue, control, world.vault, "initech", "Initech")
    with world.db(made) as db:
        tasks.create(db, OWNER, NewTask("Keep me"))
    return made


def lost(world: World, victim: Tenant) -> None:
    """The database is gone, on SQLite and on PostgreSQL."""
    world.catalogue.discard(victim.id)


def open_again(catalogue: Catalogue, tenant: Tenant) -> int:
    with catalogue.open(tenant.id) as db:
        return int(db.value("SELECT COUNT(*) AS n FROM tasks"))


def test_a_lost_database_is_maintenance_and_the_others_serve(world: World, victim: Tenant) -> None:
    lost(world, victim)
    for _ in range(2):
        with pytest.raises(Damaged) as caught:
            open_again(world.catalogue, victim)
        assert (caught.value.code, caught.value.status) == ("maintenance", 503)
        assert "Restore it from a backup" in caught.value.detail

    assert world.catalogue.rests(victim.id) and not world.catalogue.rests(world.acme.id)
    assert "Restore" in world.catalogue.trouble(victim.id) and world.catalogue.trouble(world.acme.id) == ""
    with world.control() as control:
        page = tenant_usage.page(world.catalogue, control)
    assert [t.shown_state for t in page.items] == ["active", "active", "maintenance"]
    assert world.alice.get("/t/acme/").status_code == 200


def test_its_people_and_the_owner_of_the_box_see_the_fix(world: World) -> None:
    kept = shutil.copytree(world.catalogue.folder, world.catalogue.folder.with_name("kept"))
    if world.catalogue.shared:
        pytest.skip("a schema of the template can't be dropped")
    assert kept.is_dir()
    (world.catalogue.folder / "tenants" / world.globex.id / "tenant.db").unlink()

    page = world.charlie.get("/t/globex/")
    assert page.status_code == 503
    assert "Restore it from a backup" in page.text and "maintenance" in page.text
    answer = world.charlie.get("/api/v1/t/globex/tasks")
    assert (answer.status_code, answer.json()["code"]) == (503, "maintenance")
    for path in ("/box/tenants", "/box/tenants/globex"):
        assert "Restore it from a backup" in world.alice.get(path).text


class TestOfFiles:
    """Damage of one file: SQLite only."""

    @pytest.fixture
    def file(self, world: World, victim: Tenant) -> Path:
        if world.catalogue.shared:
            pytest.skip("PostgreSQL keeps its own files")
        world.catalogue.close()
        return world.catalogue.folder / "tenants" / victim.id / "tenant.db"

    @pytest.mark.parametrize("harm", HARMS)
    @pytest.mark.usefixtures("quick")
    def test_it_comes_back_when_it_is_mended(self, world: World, victim: Tenant, file: Path, harm: Harm) -> None:
        whole = file.read_bytes()
        for left in file.parent.glob("tenant.db-*"):
            left.unlink()
        harm(file)
        for _ in range(2):
            with pytest.raises(Damaged):
                open_again(world.catalogue, victim)
        assert open_again(world.catalogue, world.acme) == 0

        for left in file.parent.glob("tenant.db*"):
            left.unlink()
        file.write_bytes(whole)
        assert open_again(world.catalogue, victim) == 1
        assert world.catalogue.trouble(victim.id) == ""

    @pytest.mark.parametrize("harm", [_missing, _torn])
    @pytest.mark.usefixtures("quick")
    def test_one_that_is_harmed_while_it_is_in_use(self, world: World, victim: Tenant, file: Path, harm: Harm) -> None:
        assert open_again(world.catalogue, victim) == 1
        whole = file.read_bytes()
        with world.catalogue.open(victim.id) as db:
            db.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        harm(file)
        with pytest.raises(Damaged):
            for _ in range(3):
                with world.catalogue.open(victim.id) as db:
                    assert db.integrity() == "ok"
                    world.catalogue.close()

        for left in file.parent.glob("tenant.db*"):
            left.unlink()
        file.write_bytes(whole)
        assert open_again(world.catalogue, victim) == 1

    def test_between_two_looks_nobody_touches_it(self, world: World, victim: Tenant, file: Path) -> None:
        whole = file.read_bytes()
        file.unlink()
        with pytest.raises(Damaged):
            open_again(world.catalogue, victim)
        file.write_bytes(whole)
        with pytest.raises(Damaged):
            open_again(world.catalogue, victim)

    @pytest.mark.usefixtures("quick")
    def test_data_of_a_newer_program_is_left_alone(self, world: World, victim: Tenant, file: Path) -> None:
        with world.db(victim) as db:
            db.insert("_migrations", {"version": 9999, "name": "later", "applied_at": ""})
        world.catalogue._current.clear()
        with pytest.raises(Damaged, match="newer AgentHQ"):
            open_again(world.catalogue, victim)
        assert open_again(world.catalogue, world.acme) == 0
