from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain.actor import SYSTEM
from appliance.domain.analytics import exports
from appliance.domain.analytics.exports import Export
from appliance.errors import Problem
from tests.domain.analytics.booking import put, some
from tests.world import World

FIRST = datetime(2026, 11, 20, tzinfo=UTC)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def asked(db: Database, count: int = 30) -> Export:
    for past in some(1, count, FIRST, 60):
        put(db, past)
    return exports.ask(db, SYSTEM, "jsonl", "2026-11-20", "2026-11-23")


def test_a_file_holds_every_call_and_says_how_large_it_is(world: World, tmp_path: Path) -> None:
    with world.db() as db, clock.frozen(NOON):
        made = asked(db)
        assert exports.due(db)
        assert exports.make(db, tmp_path, lambda: False)
        done, path = exports.get(db, made.id), exports.path_of(tmp_path, made.id)
        assert (done.state, done.done, done.bytes) == ("done", 30, path.stat().st_size)
        assert len(path.read_bytes().splitlines()) == 30
        assert not exports.due(db) and not exports.make(db, tmp_path, lambda: False)


def test_a_server_that_stops_leaves_no_half_file_and_the_next_makes_it_whole(world: World, tmp_path: Path) -> None:
    with world.db() as db, clock.frozen(NOON):
        made = asked(db)
        assert exports.make(db, tmp_path, lambda: True) is False
        assert exports.get(db, made.id).state == "queued"
        assert not exports.path_of(tmp_path, made.id).exists()
        assert exports.make(db, tmp_path, lambda: False)


def test_what_a_dead_process_began_is_begun_again_after_a_minute(world: World, tmp_path: Path) -> None:
    with world.db() as db:
        with clock.frozen(NOON):
            made = asked(db)
            db.update("usage_exports", {"id": made.id}, state="running")
            assert not exports.due(db)
        with clock.frozen(NOON + timedelta(seconds=61)):
            assert exports.due(db) and exports.make(db, tmp_path, lambda: False)
            assert exports.get(db, made.id).state == "done"


def test_one_that_is_stopped_half_way_leaves_no_file(world: World, tmp_path: Path) -> None:
    with world.db() as db, clock.frozen(NOON):
        made = asked(db)

        def stop() -> bool:
            exports.cancel(db, SYSTEM, made.id)
            return False

        exports.make(db, tmp_path, stop)
        assert exports.get(db, made.id).state == "cancelled"
        assert not exports.path_of(tmp_path, made.id).exists()


def test_a_folder_that_takes_no_file_is_told(world: World, tmp_path: Path) -> None:
    with world.db() as db, clock.frozen(NOON):
        made = asked(db)
        exports.path_of(tmp_path, made.id).mkdir(parents=True)
        exports.make(db, tmp_path, lambda: False)
        failed = exports.get(db, made.id)
        assert failed.state == "failed" and "could not be written" in failed.detail


def test_files_go_after_a_week(world: World, tmp_path: Path) -> None:
    with world.db() as db:
        with clock.frozen(NOON):
            made = asked(db)
            exports.make(db, tmp_path, lambda: False)
        with clock.frozen(NOON + timedelta(days=6)):
            assert exports.prune(db, tmp_path) == 0
        with clock.frozen(NOON + timedelta(days=8)):
            assert exports.prune(db, tmp_path) == 1
        assert not exports.path_of(tmp_path, made.id).exists() and exports.every(db) == []


def test_a_sixth_at_a_time_is_refused(world: World) -> None:
    with world.db() as db:
        for _ in range(exports.MOST_WAITING):
            exports.ask(db, SYSTEM, "csv")
        with pytest.raises(Problem) as refused:
            exports.ask(db, SYSTEM, "csv")
        assert refused.value.code == "conflict"
