"""Putting back: with only a backup and the kit on a clean machine, and one tenant of a living box."""

import shutil
from pathlib import Path

import pytest

from appliance import clock, crypto
from appliance.backup import drilling, kit, making, places, restoring, rows
from appliance.backup.archive import Manifest
from appliance.backup.means import Means, turn
from appliance.backup.places import NewPlace
from appliance.backup.restoring import Source, Wish
from appliance.crypto import Vault
from appliance.db import before, migrate
from appliance.db.tenants import CONTROL, open_catalogue
from appliance.domain import (
    blobs,
    members,
    provider_secrets,
    samples,
    sessions,
    tasks,
    tenant_life,
    tenant_purge,
    tenants,
)
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from appliance.gateway.targets.folder import Config, FolderTarget
from tests.world import MASTER, World

SECRET = "sk-live-5d3f1c2b9a"
SENTINEL = "XYZZY-canary-4711"


@pytest.fixture
def means(world: World) -> Means:
    return Means(world.catalogue, world.vault)


def fill(world: World) -> str:
    """Acme gets an account with a secret and a blob; the blob's digest."""
    with world.db() as db, db.transaction():
        provider = samples.add_simulated(db, SYSTEM, world.vault)
        sealed = world.vault.seal(world.acme.id, f"providers|{provider.id}|secret|1", SECRET)
        db.update("providers", {"id": provider.id}, secret=sealed, generation=1)
        return blobs.keep(db, world.catalogue.files(world.acme.id), "a long value")


def source(world: World, master: bytes = MASTER) -> Source:
    return Source(FolderTarget(Config(str(world.catalogue.folder / "backups"))), Vault(master, lambda _: ""))


def put_back(world: World, means: Means, wish: Wish) -> restoring.Found:
    with turn(means.folder) as work:
        return restoring.tenant(means, source(world), SYSTEM, wish, work)


def test_a_box_comes_back_on_a_clean_machine_from_backups_and_kit(world: World, means: Means, tmp_path: Path) -> None:
    digest = fill(world)
    making.run(means, SYSTEM)
    with world.control() as control:
        page = kit.text(means, control, SYSTEM)
    shutil.copytree(world.catalogue.folder / "backups", tmp_path / "usb")
    read = kit.read(page)

    done = restoring.box(tmp_path / "new", Source(FolderTarget(Config(str(tmp_path / "usb"))), read.vault()), SYSTEM)

    assert [one.slug for one in done.tenants] == ["acme", "globex"]
    assert done.missing == {}
    new = open_catalogue(tmp_path / "new")
    with new.control() as control, new.open(world.acme.id) as db:
        vault = read.vault(lambda tenant_id: tenants.wrapped_key(control, tenant_id))
        [account] = db.rows("SELECT id FROM providers WHERE secret <> ''")
        assert provider_secrets.opened(db, vault, account["id"]) == SECRET
        assert blobs.read(new.files(world.acme.id), digest) == "a long value"
        assert control.value("SELECT COUNT(*) AS n FROM sessions") == 0
        assert control.value("SELECT COUNT(*) AS n FROM users") == 4
        assert db.value("SELECT value FROM counters WHERE name = 'epoch'") == 1
    new.close()
    assert (tmp_path / "new" / "keys" / "master.key").read_text().strip() == MASTER.hex()
    assert not (tmp_path / "new" / "restoring").exists()


def test_a_living_box_is_not_overwritten_unless_that_is_said(world: World, means: Means, tmp_path: Path) -> None:
    making.run(means, SYSTEM)
    restoring.box(tmp_path / "new", source(world), SYSTEM)
    (tmp_path / "new" / "tenants" / "mark").write_text("living")

    with pytest.raises(Problem, match="--force") as caught:
        restoring.box(tmp_path / "new", source(world), SYSTEM)
    assert caught.value.code == "conflict"
    assert (tmp_path / "new" / "tenants" / "mark").exists()

    done = restoring.box(tmp_path / "new", source(world), SYSTEM, force=True)
    assert done.aside
    assert (done.aside / "tenants" / "mark").read_text() == "living"
    assert (done.aside / "control.db").exists()
    assert not (tmp_path / "new" / "tenants" / "mark").exists()


def test_a_damaged_newest_backup_is_passed_over_and_told(world: World, means: Means) -> None:
    [first] = making.run(means, SYSTEM, [world.acme.id]).made
    [second] = making.run(means, SYSTEM, [world.acme.id]).made
    path = world.catalogue.folder / "backups" / second.name
    path.write_bytes(path.read_bytes()[:-1])

    found = put_back(world, means, Wish(world.acme.id, force=True))

    assert found.at == first.at
    assert second.name in found.passed_over[0]


def test_a_tenant_goes_back_and_its_living_data_is_kept_aside(world: World, means: Means) -> None:
    digest = fill(world)
    making.run(means, SYSTEM)
    with world.db() as db:
        db.execute("UPDATE providers SET name = 'changed after the backup'")
        db.next_number("epoch", by=5)
    with pytest.raises(Problem, match="--force"):
        put_back(world, means, Wish(world.acme.id))

    found = put_back(world, means, Wish(world.acme.id, force=True))

    assert (found.slug, found.restored and found.restored.epoch) == ("acme", 6)
    with world.db() as db:
        assert db.value("SELECT COUNT(*) AS n FROM providers WHERE name = 'changed after the backup'") == 0
        [account] = db.rows("SELECT id FROM providers WHERE secret <> ''")
        assert provider_secrets.opened(db, world.vault, account["id"]) == SECRET
        assert blobs.read(world.catalogue.files(world.acme.id), digest) == "a long value"
        db.next_number("still writable")
    with world.control() as control:
        with pytest.raises(Problem):
            sessions.find(control, world.play.parts["Otto"].token, 24)
        sessions.find(control, world.play.parts["Charlie"].token, 24)


def test_a_purge_takes_what_restores_and_upgrades_have_kept_of_a_tenant(world: World, means: Means) -> None:
    fill(world)
    making.run(means, SYSTEM)
    with world.db() as db:
        tasks.create(db, SYSTEM, NewTask(SENTINEL))
    (world.catalogue.files(world.acme.id) / "notes.txt").write_text(SENTINEL)
    put_back(world, means, Wish(world.acme.id, force=True))
    before.path(world.catalogue.folder, world.acme.id, 3).write_text(SENTINEL)
    of_others = before.path(world.catalogue.folder, world.globex.id, 3)
    of_others.touch()
    assert still_kept(world)

    with world.control() as control:
        owner = Actor("member", "o", "Olga", "owner")
        members.join(control, SYSTEM, world.globex.id, world.alice.member.id, "owner")
        tenant_life.delete(control, owner, world.acme.id, "acme")
        tenant_purge.purge(world.catalogue, control, world.vault, owner, world.acme.id, "acme")
    assert still_kept(world) == []
    assert of_others.exists()


def still_kept(world: World) -> list[str]:
    """Files that hold the sentinel, and schemas that a restore has set aside."""
    files = [path for path in world.catalogue.folder.rglob("*") if path.is_file()]
    found = [path.name for path in files if SENTINEL.encode() in path.read_bytes()]
    if world.catalogue.shared:
        with world.control() as control:
            sql = "SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name LIKE 'aside%'"
            found += [row["name"] for row in control.rows(sql)]
    return found


def test_a_tenant_moves_to_a_box_with_another_master_key(world: World, means: Means, tmp_path: Path) -> None:
    fill(world)
    making.run(means, SYSTEM, [world.acme.id])
    (tmp_path / "other").mkdir()
    other = open_catalogue(tmp_path / "other")
    with other.control() as control:
        vault = Vault(crypto.new_key(), lambda tenant_id: tenants.wrapped_key(control, tenant_id))
        with turn(other.folder) as work:
            restoring.tenant(Means(other, vault), source(world), SYSTEM, Wish(world.acme.id), work)
        with other.open(world.acme.id) as db:
            [account] = db.rows("SELECT id FROM providers WHERE secret <> ''")
            assert provider_secrets.opened(db, vault, account["id"]) == SECRET
        assert tenants.by_slug(control, "acme").id == world.acme.id
    other.close()


def test_data_newer_than_the_program_is_refused(
    world: World, means: Means, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    making.run(means, SYSTEM)
    monkeypatch.setattr(migrate, "latest", lambda kind: 1)

    with pytest.raises(Problem, match="newer AgentHQ") as caught:
        restoring.box(tmp_path / "new", source(world), SYSTEM)
    assert caught.value.exit == 78
    assert not (tmp_path / "new" / "control.db").exists()


def test_another_key_than_the_one_of_the_kit_opens_nothing(world: World, means: Means, tmp_path: Path) -> None:
    making.run(means, SYSTEM)
    with pytest.raises(Problem, match="Another master key"):
        restoring.box(tmp_path / "new", source(world, crypto.new_key()), SYSTEM)


def test_a_tenant_without_a_backup_is_named(world: World, means: Means, tmp_path: Path) -> None:
    making.run(means, SYSTEM, [world.acme.id, CONTROL])

    done = restoring.box(tmp_path / "new", source(world), SYSTEM)

    assert [one.slug for one in done.tenants] == ["acme"]
    assert list(done.missing) == ["globex"]


def test_a_drill_proves_every_tenant_and_the_box(world: World, means: Means) -> None:
    fill(world)
    made = making.run(means, SYSTEM).made

    drilled = drilling.run(means, SYSTEM)

    assert [(drill.tenant_id, drill.ok, drill.note) for drill in drilled.drills] == [
        (backup.tenant_id, True, "") for backup in made
    ]
    assert [drill.secret_opened for drill in drilled.drills] == [True, False, False]
    assert [drill.row_count for drill in drilled.drills] == [backup.row_count for backup in made]
    with world.control() as control:
        assert set(rows.last_proven(control)) == {world.acme.id, world.globex.id, CONTROL}
    assert drilled.bytes == sum(backup.bytes for backup in made)


def test_a_drill_that_fails_says_why_and_proves_nothing(world: World, means: Means) -> None:
    [made] = making.run(means, SYSTEM, [world.acme.id]).made
    path = world.catalogue.folder / "backups" / made.name
    path.write_bytes(path.read_bytes()[:-1])

    drilled = drilling.run(means, SYSTEM)

    assert [drill.ok for drill in drilled.drills] == [False]
    assert "damaged" in drilled.drills[0].note
    assert drilled.without == [world.globex.id, CONTROL]
    with world.control() as control:
        assert rows.last_proven(control) == {}


def test_rows_that_are_not_those_of_the_list_are_found(
    world: World, means: Means, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = making._manifest

    def lying(*given: object) -> Manifest:
        manifest = true(*given)  # type: ignore[arg-type]
        manifest.counts["tasks"] += 1
        return manifest

    monkeypatch.setattr(making, "_manifest", lying)
    making.run(means, SYSTEM, [world.acme.id])

    [drill] = drilling.run(means, SYSTEM, [world.acme.id]).drills

    assert (drill.ok, "rows" in drill.note) == (False, True)


def test_the_kit_is_confirmed_by_its_code_and_again_after_a_change(world: World, means: Means, tmp_path: Path) -> None:
    with world.control() as control:
        assert kit.of(means, control).confirmed_at is None
        with pytest.raises(Problem, match="not the code"):
            kit.confirm(means, control, SYSTEM, "0000-0000")
        code = kit.of(means, control).code
        assert code in kit.text(means, control, SYSTEM)
        assert kit.confirm(means, control, SYSTEM, code.upper()).confirmed_at
        new = NewPlace("disk", "folder", path=str(tmp_path / "disk"))
        places.add(control, SYSTEM, world.vault, world.catalogue.folder, new)
        assert kit.of(means, control).confirmed_at is None
        assert MASTER.hex() not in str(control.rows("SELECT * FROM box"))


def test_a_kit_typed_from_paper_is_read_and_a_typing_error_named_by_its_line(world: World, means: Means) -> None:
    with world.control() as control:
        page = kit.text(means, control, SYSTEM)
    typed = "\n".join(line.upper().replace(" : ", ":").replace("  ", " ") for line in page.splitlines())
    assert kit.read(typed).master == MASTER

    with pytest.raises(Problem, match="Line 3"):
        kit.read(page.replace("1011", "1012"))
    with pytest.raises(Problem, match="4 lines"):
        kit.read("nothing")


def test_the_kit_has_what_reaches_the_targets(world: World, means: Means, tmp_path: Path) -> None:
    with world.control() as control:
        new = NewPlace("disk", "folder", path=str(tmp_path / "disk"))
        places.add(control, SYSTEM, world.vault, world.catalogue.folder, new)
        [target] = kit.read(kit.text(means, control, SYSTEM)).targets
    assert (target.place.name, target.place.config) == ("disk", {"path": str(tmp_path / "disk")})


def test_how_old_the_oldest_of_the_last_backups_is(world: World, means: Means) -> None:
    making.run(means, SYSTEM)
    with world.control() as control:
        oldest = min(backup.at for backup in rows.last_verified(control).values())
    assert clock.seconds_between(oldest, clock.iso()) < 60
