"""What processes that share a database know of each other: the time, who leads, and what was committed elsewhere."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from appliance import clock
from appliance.db import datafolder, migrate, ownership
from appliance.db.database import Database, Row
from appliance.db.tenants import Catalogue, open_catalogue
from appliance.domain import events
from appliance.domain.actor import SYSTEM
from tests.db.conftest import Home
from tests.waiting import until

Heard = list[tuple[str, list[Row]]]
on_postgres = pytest.mark.parametrize("backend", ["postgres"], indirect=True)
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@contextmanager
def neighbour(home: Home, admin_url: str, folder: Path) -> Iterator[Catalogue]:
    """Another process on the same PostgreSQL database."""
    catalogue = open_catalogue(folder / "other", f"{admin_url.rpartition('/')[0]}/play")
    yield catalogue
    catalogue.close()


def commit(catalogue: Catalogue, tenant_id: str, kind: str = "task.created") -> int:
    with catalogue.open(tenant_id) as db, db.transaction():
        return events.record(db, SYSTEM, kind)


def test_the_time_is_text_like_any_other_and_runs_forward(db: Database) -> None:
    for read in (db.now, db.lease_time):
        first, second = read(), read()
        assert len(first) == len(clock.iso())
        assert first <= second < read(30)
        assert abs(clock.seconds_between(first, clock.iso())) < 5
        assert 29 < clock.seconds_between(first, read(30)) < 35


def test_a_stopped_clock_stops_every_time(db: Database) -> None:
    with clock.frozen(datetime(2030, 1, 1, tzinfo=UTC)):
        assert db.now(1) == db.lease_time(1) == "2030-01-01T00:00:01.000000Z"


@on_sqlite
def test_a_jump_of_the_wall_clock_moves_no_lease(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    before = db.lease_time()
    monkeypatch.setattr(clock, "datetime", Jumped)
    assert clock.seconds_between(before, db.now()) > 3000
    assert clock.seconds_between(before, db.lease_time()) < 60


@on_postgres
def test_the_time_is_the_servers_not_this_machines(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    before = db.now()
    monkeypatch.setattr(clock, "datetime", Jumped)
    assert clock.seconds_between(before, clock.iso()) > 3000
    assert clock.seconds_between(before, db.now()) < 60
    with db.transaction():
        assert clock.seconds_between(before, db.lease_time()) < 60


class Jumped(datetime):
    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) + timedelta(hours=1)


def test_somebody_leads(home: Home) -> None:
    leader = home.catalogue.leader("sweep")
    assert leader.leads()
    assert leader.leads()
    leader.resign()
    assert leader.leads()


@on_postgres
def test_one_leads_and_the_next_follows_when_it_is_gone(home: Home, admin_url: str, tmp_path: Path) -> None:
    with neighbour(home, admin_url, tmp_path) as other:
        mine, theirs = home.catalogue.leader("sweep"), other.leader("sweep")
        assert (mine.leads(), theirs.leads(), mine.leads()) == (True, False, True)
        assert other.leader("something else").leads()
        drop = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 4158515"
        with psycopg.connect(admin_url, autocommit=True) as server:
            server.execute(drop)
        until(theirs.leads, 2)
        assert not mine.leads()
        for _ in range(150):
            theirs.resign()
            assert mine.leads(), "the lead is free as soon as it is given up"
            mine.resign()
            assert theirs.leads()


@on_postgres
def test_what_another_process_commits_is_heard_once_and_ones_own_not_twice(
    home: Home, admin_url: str, tmp_path: Path
) -> None:
    here, there = Heard(), Heard()
    with neighbour(home, admin_url, tmp_path) as other:
        home.catalogue.subscribe(lambda name, found: here.append((name, found)))
        other.subscribe(lambda name, found: there.append((name, found)))
        until(lambda: home.catalogue.listening() and other.listening())
        first = commit(home.catalogue, home.tenant_id)
        until(lambda: there)
        second = commit(other, home.tenant_id, "run.queued")
        until(lambda: here and there and len(here) == len(there) == 2)
    assert [name for name, _ in here + there] == [home.tenant_id] * 4
    assert here[1][1] == [{"seq": second, "kind": "run.queued"}]
    assert there[0][1] == [{"seq": first, "kind": "task.created"}]


@on_postgres
def test_who_wants_only_its_own_events_gets_only_those(home: Home, admin_url: str, tmp_path: Path) -> None:
    own, every = Heard(), Heard()
    with neighbour(home, admin_url, tmp_path) as other:
        home.catalogue.subscribe(lambda name, found: own.append((name, found)), elsewhere=False)
        home.catalogue.subscribe(lambda name, found: every.append((name, found)))
        until(home.catalogue.listening)
        commit(other, home.tenant_id)
        until(lambda: every)
        assert own == []
        commit(home.catalogue, home.tenant_id)
        assert len(own) == 1


@on_postgres
def test_processes_that_start_together_on_an_empty_database_all_come_up(admin_url: str, tmp_path: Path) -> None:
    with psycopg.connect(admin_url, autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS fresh WITH (FORCE)")
        server.execute("CREATE DATABASE fresh")
    ready, versions = threading.Barrier(4), list[int]()

    def start(n: int) -> None:
        ready.wait()
        catalogue = open_catalogue(tmp_path / str(n), f"{admin_url.rpartition('/')[0]}/fresh", 4)
        with catalogue.control() as control:
            versions.append(migrate.version(control))
        catalogue.close()

    threads = [threading.Thread(target=start, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert versions == [migrate.latest("control")] * 4


@on_postgres
def test_after_a_lost_connection_everybody_looks_at_the_log(home: Home, admin_url: str) -> None:
    heard = Heard()
    home.catalogue.subscribe(lambda name, found: heard.append((name, found)))
    until(home.catalogue.listening)
    with psycopg.connect(admin_url, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN agenthq_events%'"
        )
    until(lambda: heard == [("", [])])


def test_several_processes_may_use_a_shared_folder(tmp_path: Path) -> None:
    with ownership.owned(tmp_path) as first, ownership.owned(tmp_path, shared=True) as second:
        assert (first.first, second.first) == (True, False)
        second.describe("http://ignored")
        first.describe("http://first")
        found = ownership.owner(tmp_path)
        assert found and found["link"] == "http://first"


def test_a_folder_on_the_network_is_good_for_files_but_not_for_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datafolder, "filesystem", lambda folder: "nfs4")
    datafolder.prepare(tmp_path, shared=True)
