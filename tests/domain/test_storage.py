"""Storage: what counts, when people are told, and what a full tenant can still do."""

from collections.abc import Iterator

import pytest

from appliance.db.database import Database
from appliance.db.sqlite_writer import RESERVE_BYTES
from appliance.domain import agents, claims, comments, events, lifecycle, quotas, storage, tasks, why, workspace
from appliance.domain.actor import SYSTEM
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.domain.limiting import hire, level, limit
from tests.domain.telling import enter
from tests.web import work
from tests.world import World

KB = 1024
MB = 1024 * KB


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as opened:
        yield opened


def store(world: World, size: int, name: str = "big.bin") -> None:
    """A file of Acme's."""
    workspace.of_task(world.catalogue.files(world.acme.id), "t1").write(name, b"x" * size)


def fill_to(world: World, total: int) -> None:
    """A file so large that so much is stored in all."""
    store(world, 0)
    store(world, total - world.catalogue.size(world.acme.id))


def stored(world: World) -> int:
    with world.db() as db:
        return quotas.stored(db)


def measure(world: World) -> list[tuple[int, int]]:
    """Percent and limit of what was told by this look."""
    with world.db() as db:
        before = events.last(db)
    storage.measure(world.catalogue, world.acme.id)
    with world.db() as db:
        told = [event for event in events.since(db, before) if event.kind == "storage.alert"]
    return [(event.data["percent"], event.data["limit"]) for event in told]


def test_database_and_files_count(world: World) -> None:
    empty = world.catalogue.size(world.acme.id)
    assert empty > 100 * KB
    store(world, 3 * MB)
    assert world.catalogue.size(world.acme.id) == empty + 3 * MB
    assert world.catalogue.size(world.globex.id) < 3 * MB


def test_each_threshold_is_told_once_and_again_only_after_it_was_left(world: World) -> None:
    total = 16 * MB
    limit(world, storage_bytes=total)
    fill_to(world, 79 * total // 100)
    assert measure(world) == []
    fill_to(world, 81 * total // 100)
    assert measure(world) == [(80, total)]
    assert measure(world) == []
    fill_to(world, 96 * total // 100)
    assert measure(world) == [(95, total)]
    fill_to(world, 70 * total // 100)
    assert measure(world) == []
    assert level(world)["storage_level"] == 0
    fill_to(world, 101 * total // 100)
    assert measure(world) == [(100, total)]


def test_usage_that_wavers_at_a_threshold_is_told_once(world: World) -> None:
    total = 16 * MB
    limit(world, storage_bytes=total)
    told = []
    for percent in (81, 79, 81, 79, 81):
        fill_to(world, percent * total // 100)
        told += measure(world)
    assert told == [(80, total)]


def test_admins_hear_of_it(world: World, db: Database) -> None:
    room = enter(world, db)
    limit(world, storage_bytes=2 * MB)
    store(world, 3 * MB)
    measure(world)
    room.read()
    assert room.told(world.alice) == ["The storage of the plan is full"]
    assert room.told(world.bob) == []


def test_only_those_with_a_limit_are_measured_each_minute(world: World) -> None:
    with world.control() as control:
        assert storage.limited(control) == []
        limit(world, storage_bytes=MB)
        assert storage.limited(control) == [world.acme.id]
        limit(world, "free", storage_bytes=None)
        assert world.globex.id not in storage.limited(control)


@pytest.mark.parametrize(("spare", "allowed"), [(1, True), (0, False), (-1, False)])
def test_at_the_limit_nothing_new_is_taken(world: World, db: Database, spare: int, allowed: bool, backend: str) -> None:
    if backend != "sqlite":
        # A server that vacuums meanwhile changes what is stored by some pages.
        spare = spare * MB or -MB // 2
        store(world, 2 * MB)
        measure(world)
    limit(world, storage_bytes=stored(world) + spare)
    with world.db() as opened:
        if allowed:
            quotas.room(opened)
            return
        with pytest.raises(Problem) as caught:
            quotas.room(opened)
    assert (caught.value.code, caught.value.status) == ("quota", 402)
    assert caught.value.more["quota"] == "storage_bytes"


def test_a_full_tenant_reads_and_removes_and_adds_nothing(world: World) -> None:
    work.connect(world)
    hire(world, "ada", "ben")
    with world.db() as db:
        task = tasks.create(db, world.otto.actor, NewTask("T", assignee="ada"))
    limit(world, "free", storage_bytes=100 * KB)
    with world.db() as db:
        for act in (
            lambda: tasks.create(db, world.otto.actor, NewTask("U")),
            lambda: comments.add(db, world.otto.actor, task.id, "More"),
            lambda: hire(world, "cleo"),
        ):
            with pytest.raises(Problem) as caught:
                act()
            assert caught.value.code == "quota"
        assert claims.claim(db, "w", 30) == []
        assert why.why(db, tasks.get(db, task.id)).code == "plan_storage"
        lifecycle.cancel(db, world.otto.actor, task.id)
        agents.delete(db, world.alice.actor, "ben")
        assert [agent.slug for agent in agents.all(db)] == ["ada"]


def fill(world: World, most: int) -> int:
    """Rows of 100 kB until one is refused; how many went in."""
    with world.db() as db:
        for n in range(most):
            row = {"digest": f"{n:064}", "size": 1, "created_at": "x" * 100 * KB}
            try:
                db.insert("blobs", row)
            except Problem as problem:
                assert (problem.code, problem.status) == ("disk_full", 507)
                assert "The storage of the plan is used up" in problem.detail
                return n
    return most


def test_the_file_stops_growing_at_its_cap_and_stays_whole(world: World, backend: str) -> None:
    if backend != "sqlite":
        pytest.skip("the server has no cap for a schema; there the check alone counts")
    limit(world, storage_bytes=3 * MB)
    path = world.catalogue.folder / "tenants" / world.acme.id / "tenant.db"
    kept = fill(world, 100)
    assert 10 < kept < 60
    assert path.stat().st_size <= 3 * MB + RESERVE_BYTES
    with world.db() as db:
        assert db.integrity() == "ok"
        assert db.value("SELECT COUNT(*) AS n FROM blobs") == kept
        db.delete("blobs", digest=f"{0:064}")
        events.record(db, SYSTEM, "test.said")
        assert stored(world) < 3 * MB + RESERVE_BYTES
    assert fill_one(world)
    limit(world, storage_bytes=None)
    assert fill_more(world)


def fill_one(world: World) -> bool:
    """What a deletion left can be used again."""
    with world.db() as db:
        db.insert("blobs", {"digest": "again", "size": 1, "created_at": "x" * 50 * KB})
    return True


def fill_more(world: World) -> bool:
    with world.db() as db:
        for n in range(40):
            db.insert("blobs", {"digest": f"more-{n}", "size": 1, "created_at": "x" * 100 * KB})
    return True


def test_files_leave_less_for_the_database(world: World, backend: str) -> None:
    if backend != "sqlite":
        pytest.skip("the server has no cap for a schema")
    limit(world, storage_bytes=8 * MB)
    store(world, 6 * MB)
    measure(world)
    assert fill(world, 100) < 30


def test_the_look_of_each_minute_finds_those_with_a_limit(world: World) -> None:
    limit(world, storage_bytes=MB)
    store(world, 2 * MB)
    storage.due(world.catalogue)
    assert level(world)["storage_level"] == 100
    assert world.catalogue.bounds(world.acme.id).stored_bytes > 2 * MB
    assert world.catalogue.bounds(world.globex.id).stored_bytes == 0


def test_the_look_of_each_minute_ends_when_the_process_does(world: World) -> None:
    limit(world, storage_bytes=MB)
    store(world, 2 * MB)
    storage.due(world.catalogue, lambda: True)
    assert level(world)["storage_level"] == 0
