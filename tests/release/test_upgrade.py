"""Data of an earlier version: copied, brought along, and never half of it."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.db import before, migrate
from appliance.db.tenants import Catalogue, open_catalogue
from appliance.errors import Problem
from appliance.release.upgrade import Upgrade
from tests.release import old

NOW = migrate.latest("tenant")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A box of six tenants, as an earlier version left it."""
    old.write_box(tmp_path, 6)
    return tmp_path


@pytest.fixture
def catalogue(folder: Path) -> Iterator[Catalogue]:
    with closing(open_catalogue(folder)) as opened:
        yield opened


def harm(folder: Path, tenant_id: str) -> None:
    """Its next migration fails: there is a table already that it wants to make."""
    with old.earlier(), closing(open_catalogue(folder)) as catalogue, catalogue.open(tenant_id) as db:
        db.execute("CREATE TABLE usage_hours (x TEXT)")


def whole(catalogue: Catalogue) -> Upgrade:
    upgrade = Upgrade(catalogue)
    assert upgrade.needed()
    upgrade.first()
    upgrade.rest()
    upgrade.wait()
    return upgrade


def test_control_and_one_tenant_come_first_and_the_rest_follows(catalogue: Catalogue, folder: Path) -> None:
    upgrade = Upgrade(catalogue)
    assert upgrade.needed()
    upgrade.first()
    assert (upgrade.progress.done, upgrade.progress.total) == (1, 6)
    assert old.versions(folder) == {old.TENANT, NOW}
    upgrade.rest()
    upgrade.wait()
    assert upgrade.progress == ("", 6, 6, 0)
    assert old.versions(folder) == {NOW}
    assert not Upgrade(catalogue).needed()


def test_a_tenant_that_is_wanted_before_its_turn_is_brought_along_at_once(catalogue: Catalogue) -> None:
    Upgrade(catalogue).first()
    with catalogue.open("t0005") as db:
        assert migrate.version(db) == NOW
        assert db.value("SELECT title FROM tasks") == "t"


def test_no_other_file_can_be_attached_after_a_migration_and_none_is_in_one(catalogue: Catalogue) -> None:
    statements = [s for kind in ("control", "tenant") for m in migrate.migrations(kind) for s in m.statements]
    assert not [s for s in statements if s.upper().startswith(("ATTACH", "DETACH"))]
    Upgrade(catalogue).first()
    with catalogue.open("t0000") as db, pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        db.execute("ATTACH DATABASE '/tmp/other.db' AS other")


def test_commits_wait_for_the_disk_again_after_a_migration(catalogue: Catalogue, folder: Path) -> None:
    harm(folder, "t0003")
    whole(catalogue)
    for name in ("control", "t0000", "t0005"):
        with catalogue.open(name) as db, db.transaction():
            assert db.value("PRAGMA synchronous") == 2
    with catalogue.as_found("t0003") as db, db.transaction():
        assert db.value("PRAGMA synchronous") == 2


def test_a_copy_of_each_is_kept_until_the_next_start(catalogue: Catalogue, folder: Path) -> None:
    whole(catalogue)
    kept = before.found(folder)
    assert {name: schema for name, (schema, _) in kept.items()} == {
        "control": old.CONTROL,
        **{f"t000{n}": old.TENANT for n in range(6)},
    }
    assert {path.stat().st_mode & 0o777 for _, path in kept.values()} == {0o600}
    assert not Upgrade(catalogue).needed()
    assert before.found(folder) == {}


def test_a_copy_put_back_is_the_data_of_the_earlier_version(catalogue: Catalogue, folder: Path) -> None:
    whole(catalogue)
    catalogue.close()
    before.put_back(folder, "t0001", folder / "tenants/t0001/tenant.db")
    only_tenants = old.earlier(control=len(migrate.migrations("control")))
    with only_tenants, closing(open_catalogue(folder)) as again, again.open("t0001") as db:
        assert (migrate.version(db), db.value("SELECT title FROM tasks")) == (old.TENANT, "t")


def test_a_bad_tenant_goes_to_maintenance_and_the_others_are_served(catalogue: Catalogue, folder: Path) -> None:
    harm(folder, "t0003")
    upgrade = whole(catalogue)
    assert (upgrade.progress.done, upgrade.progress.failed) == (5, 1)
    for _ in range(2):
        with pytest.raises(Problem) as caught, catalogue.open("t0003"):
            raise AssertionError("it opened")
        assert caught.value.code == "maintenance"
    with catalogue.open("t0004") as db:
        assert migrate.version(db) == NOW
    with catalogue.as_found("t0003") as db:
        assert (migrate.version(db), db.value("SELECT title FROM tasks")) == (old.TENANT, "t")
        db.execute("DROP TABLE usage_hours")
    catalogue.replaced("t0003")
    with catalogue.open("t0003") as db:
        assert migrate.version(db) == NOW


def test_when_the_first_three_tenants_fail_nothing_else_is_touched(catalogue: Catalogue, folder: Path) -> None:
    for n in range(3):
        harm(folder, f"t000{n}")
    with pytest.raises(Problem, match="The first 3 tenants can't be brought"):
        Upgrade(catalogue).first()
    assert old.versions(folder) == {old.TENANT}


def test_without_twice_the_space_nothing_is_changed(
    catalogue: Catalogue, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(before, "ROOM", 10**12)
        with pytest.raises(Problem) as caught:
            Upgrade(catalogue).first()
    assert (caught.value.code, "Nothing was changed" in caught.value.detail) == ("disk_full", True)
    assert before.found(folder) == {}
    assert old.versions(folder) == {old.TENANT}
    whole(catalogue)


def test_data_of_a_newer_version_is_refused_by_its_name(catalogue: Catalogue, folder: Path) -> None:
    whole(catalogue)
    with catalogue.control() as control:
        control.update("box", {"name": migrate.PROGRAM}, value="7.8.9")
    catalogue.close()
    with old.earlier(), closing(open_catalogue(folder)) as earlier:
        with pytest.raises(Problem) as caught:
            Upgrade(earlier).needed()
        assert (caught.value.exit, "written by AgentHQ 7.8.9" in caught.value.detail) == (78, True)
        with pytest.raises(Problem, match=r"7\.8\.9"), earlier.control():
            raise AssertionError("it opened")


def test_a_new_box_has_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with closing(open_catalogue(tmp_path / "new")) as catalogue:
        assert not Upgrade(catalogue).needed()


def upgrade_in_a_child(folder: Path) -> int:
    child = os.fork()
    if child == 0:
        # Whatever happens, this process must not go on with the tests.
        code = 1
        try:
            with closing(open_catalogue(folder)) as catalogue:
                upgrade = Upgrade(catalogue)
                if upgrade.needed():
                    upgrade.first()
                    upgrade.rest()
                    upgrade.wait()
            code = 0
        finally:
            os._exit(code)
    return child


@pytest.mark.crash
@pytest.mark.timeout(300)
def test_fifty_kills_at_any_point_restart_clean(tmp_path: Path) -> None:
    chance, kills, boxes = random.Random(7), 0, 0
    while kills < 50:
        folder = tmp_path / f"box{boxes}"
        names, boxes = old.write_box(folder, 4), boxes + 1
        while True:
            child = upgrade_in_a_child(folder)
            time.sleep(chance.uniform(0, 0.15))
            os.kill(child, signal.SIGKILL)
            if os.waitpid(child, 0)[1] == 0:
                break
            kills += 1
        assert old.versions(folder) == {NOW}
        with closing(open_catalogue(folder)) as catalogue:
            for name in names:
                with catalogue.open(name) as db:
                    assert (db.integrity(), db.value("SELECT COUNT(*) FROM tasks")) == ("ok", 1)
        # All of them, or none when the kill came after the end and the next start found nothing to do.
        kept = {schema for name, (schema, _) in before.found(folder).items() if name in names}
        assert kept in ({old.TENANT}, set())
