"""Backups of living tenants: whole, provably there, pruned before new ones come, and honest when they fail."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance import clock
from appliance.backup import archive, keeping, making, places, rows
from appliance.backup.means import Means, turn
from appliance.backup.places import NewPlace
from appliance.backup.rows import Backup
from appliance.db import copies
from appliance.db.tenants import CONTROL
from appliance.domain import blobs, samples
from appliance.domain.actor import SYSTEM
from appliance.errors import Problem
from tests.world import World

CANARY = "sk-live-canary-0d9f8a7b6c"


@pytest.fixture
def means(world: World) -> Means:
    return Means(world.catalogue, world.vault)


def one(means: Means, tenant_id: str) -> Backup:
    [made] = making.run(means, SYSTEM, [tenant_id]).made
    return made


def kept(world: World, backup: Backup) -> Path:
    return world.catalogue.folder / "backups" / backup.name


def plant(world: World) -> None:
    """A secret of an account, and one that got into a file an agent wrote."""
    with world.db() as db:
        provider = samples.add_simulated(db, SYSTEM, world.vault)
        sealed = world.vault.seal(world.acme.id, f"providers|{provider.id}|secret|1", CANARY)
        db.update("providers", {"id": provider.id}, secret=sealed, generation=1)
        with db.transaction():
            blobs.keep(db, world.catalogue.files(world.acme.id), f"The key is {CANARY}.")


def test_a_backup_has_every_row_and_every_file(world: World, means: Means, tmp_path: Path) -> None:
    plant(world)
    made = one(means, world.acme.id)

    (tmp_path / "out").mkdir()
    manifest = archive.unpack(kept(world, made), world.vault, tmp_path / "out")

    assert (made.state, made.target, made.note) == ("verified", "here", "")
    inside = copies.check(tmp_path / "out" / "tenant.db")
    assert (inside.counts, inside.schema) == (manifest.counts, manifest.schema)
    with world.db() as db:
        assert {name: db.value(f"SELECT COUNT(*) AS n FROM {name}") for name in inside.counts} == inside.counts
    assert sum(inside.counts.values()) == made.row_count > 0
    assert len([part for part in manifest.parts if part.name.startswith("files/blobs/")]) == 1
    assert manifest.tenant["slug"] == "acme"


def test_a_planted_secret_is_in_no_backup_in_the_clear(world: World, means: Means, tmp_path: Path) -> None:
    plant(world)
    made = making.run(means, SYSTEM).made
    (tmp_path / "out").mkdir()
    archive.unpack(kept(world, made[0]), world.vault, tmp_path / "out")

    files = [*(world.catalogue.folder / "backups").rglob("*"), *(tmp_path / "out").rglob("*")]
    for path in [path for path in files if path.is_file()]:
        assert CANARY.encode() not in path.read_bytes(), path


def test_the_box_itself_is_backed_up_last_and_knows_of_the_others(world: World, means: Means, tmp_path: Path) -> None:
    ran = making.run(means, SYSTEM)

    assert [backup.tenant_id for backup in ran.made] == [world.acme.id, world.globex.id, CONTROL]
    (tmp_path / "out").mkdir()
    manifest = archive.unpack(kept(world, ran.made[-1]), world.vault, tmp_path / "out")
    assert manifest.counts["tenants"] == 2
    assert manifest.counts["backups"] == 3


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_only_what_changed_is_backed_up_by_night(world: World, means: Means) -> None:
    making.run(means, SYSTEM)
    with world.db(world.globex) as db:
        samples.add_simulated(db, SYSTEM, world.vault)

    ran = making.run(means, SYSTEM, changed=True)

    assert ran.unchanged == [world.acme.id]
    assert [backup.tenant_id for backup in ran.made] == [world.globex.id, CONTROL]


def test_writers_go_on_while_a_backup_is_taken(world: World, means: Means) -> None:
    stop, written = threading.Event(), [0]

    def write() -> None:
        with world.db() as db:
            while not stop.is_set():
                db.next_number("test")
                written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        before = written[0]
        assert one(means, world.acme.id).state == "verified"
        assert written[0] > before
    finally:
        stop.set()
        writer.join()


def test_a_place_that_fails_is_told_and_the_others_have_theirs(world: World, means: Means, tmp_path: Path) -> None:
    with world.control() as control:
        place = NewPlace("disk", "folder", path=str(tmp_path / "disk"))
        places.add(control, SYSTEM, world.vault, world.catalogue.folder, place)
    (tmp_path / "disk").write_text("no folder any more")

    made = {backup.target: backup for backup in making.run(means, SYSTEM, [world.acme.id]).made}

    assert made["here"].state == "verified"
    assert made["disk"].state == "failed"
    assert "could not be used" in made["disk"].note
    with world.control() as control:
        assert places.by_name(control, world.catalogue.folder, "disk").failure


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_damaged_tenant_gets_no_backup_and_loses_none(world: World, means: Means) -> None:
    sound = one(means, world.acme.id)
    path = world.catalogue.folder / "tenants" / world.acme.id / "tenant.db"
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 40] = bytes(4096 * 37)
    world.catalogue.close()
    path.write_bytes(content)

    broken = one(means, world.acme.id)

    assert (broken.state, "damaged" in broken.note) == ("failed", True)
    assert archive.unpack(kept(world, sound), world.vault).id == sound.id


def test_two_at_a_time_are_refused(world: World, means: Means) -> None:
    with turn(means.folder), pytest.raises(Problem, match="under way") as caught:
        making.run(means, SYSTEM)
    assert caught.value.code == "conflict"


def test_what_a_killed_process_left_is_cleared_away(world: World, means: Means) -> None:
    left = means.folder / "backup-work"
    left.mkdir()
    (left / "half.db").write_text("half")
    with world.control() as control:
        rows.put(control, Backup("1", "here", "here", world.acme.id, clock.iso(), "running", "x"))

    one(means, world.acme.id)

    assert not left.exists()
    with world.control() as control:
        states = {backup.id: backup.state for backup in rows.of(control, world.acme.id)}
    assert states.pop("1") == "failed"
    assert set(states.values()) == {"verified"}


def test_no_room_is_told_before_anything_is_written(
    world: World, means: Means, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.backup.means.FLOOR_PERCENT", 100)

    failed = one(means, world.acme.id)

    assert (failed.state, "stay free" in failed.note) == ("failed", True)
    assert not (means.folder / "backups").exists()


def at(days: float) -> str:
    return clock.iso(datetime(2026, 11, 27, 12, tzinfo=UTC) - timedelta(days=days))


def test_seven_days_four_weeks_and_twelve_months_stay() -> None:
    hourly = [Backup(f"{n:05}", "here", "here", "acme", at(n / 4), "verified", "x") for n in range(4 * 800)]

    stay = keeping.kept(hourly, at(0))

    days = sorted({backup.at[:10] for backup in hourly if backup.id in stay}, reverse=True)
    assert days[:7] == [at(n)[:10] for n in range(7)]
    assert len({day[:7] for day in days}) == 12
    assert len(days) == 7 + 2 + 11
    assert len([backup for backup in hourly if backup.id in stay and backup.at > at(1)]) == 4


def test_the_newest_stays_however_old_it_is() -> None:
    old = [Backup(str(n), "here", "here", "acme", at(3000 + n), "verified", "x") for n in range(3)]
    assert "0" in keeping.kept(old, at(0))


def test_nothing_of_a_purged_tenant_stays(world: World, means: Means) -> None:
    made = one(means, world.globex.id)
    with world.control() as control:
        control.update("tenants", {"id": world.globex.id}, state="purged")

    one(means, world.acme.id)

    assert not kept(world, made).exists()
    with world.control() as control:
        assert rows.of(control, world.globex.id) == []


def test_old_ones_go_before_a_new_one_comes_and_never_the_last_that_is_whole(world: World, means: Means) -> None:
    first = one(means, world.acme.id)
    with world.control() as control:
        for n in range(1, 4):
            name = first.name.replace(first.id, f"old-{n}")
            kept(world, first).with_name(Path(name).name).write_text("old")
            rows.put(control, Backup(f"old-{n}", "here", "here", world.acme.id, at(20 + n / 10), "verified", name))
            rows.put(control, Backup(f"bad-{n}", "here", "here", world.acme.id, clock.iso(), "failed", "x"))

    second = one(means, world.acme.id)

    with world.control() as control:
        left = {backup.id for backup in rows.of(control, world.acme.id, "verified")}
    assert left == {first.id, second.id, "old-1"}
    assert len(list(kept(world, first).parent.iterdir())) == 3
