"""What tenants used is added up, by every process, and survives all of them."""

import threading

import pytest

from appliance import metering
from appliance.db.database import Database
from appliance.domain.economics import readings, use
from appliance.domain.economics.use import Used
from appliance.errors import Problem
from appliance.metered import flush
from tests.domain.economics.using import used
from tests.world import World

DAY = "2026-11-05"


@pytest.fixture(autouse=True)
def _nothing_counted_yet() -> None:
    metering.take()


def test_two_workers_add_up(world: World) -> None:
    def worker() -> None:
        for _ in range(10):
            with world.catalogue.control() as control:
                for tenant in (world.acme, world.globex):
                    used(control, tenant.id, DAY, pages=1, api=2, request_ns=3_000, work_ns=4_000, bytes_out=5)

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with world.control() as control:
        found = use.between(control, DAY, DAY)
    assert found[world.acme.id] == Used(world.acme.id, pages=20, api=40, request_us=60, work_us=80, bytes_out=100)
    assert found[world.globex.id].requests == 60


def test_a_request_counts_for_the_tenant_it_was_for(world: World) -> None:
    page = world.alice.get(f"{world.alice.pages}/board")
    world.charlie.get(f"{world.charlie.api}/tasks")
    world.stranger.get("/login")
    flush(world.catalogue)

    with world.control() as control:
        found = use.between(control, "2000-01-01", "2100-01-01")
    acme = found[world.acme.id]
    assert (acme.pages, acme.api, acme.gateway) == (1, 0, 0)
    assert acme.request_us > 500
    assert acme.bytes_out == len(page.content) or acme.bytes_out > 1_000
    assert (found[world.globex.id].pages, found[world.globex.id].api) == (0, 1)
    assert found[""].pages == 1


def test_what_could_not_be_written_is_written_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.alice.get(f"{world.alice.pages}/board")

    def refuse(control: Database, taken: object) -> None:
        raise Problem("unavailable")

    with monkeypatch.context() as broken:
        broken.setattr(use, "add", refuse)
        flush(world.catalogue)
    flush(world.catalogue)

    with world.control() as control:
        assert use.between(control, "2000-01-01", "2100-01-01")[world.acme.id].pages == 1


def test_the_time_of_the_process_is_given_to_somebody_once() -> None:
    with metering.working("acme"):
        sum(range(300_000))
    sum(range(300_000))
    taken = {key.tenant_id: sums for key, sums in metering.take().items()}

    assert taken["acme"].work_ns > 500_000
    assert taken[""].work_ns > 500_000
    assert {key.tenant_id for key in metering.take()} == {""}


def test_a_reading_tells_size_and_is_due_again_after_an_hour(world: World) -> None:
    before = world.catalogue.size(world.acme.id)
    (world.catalogue.files(world.acme.id) / "big.bin").write_bytes(bytes(3_000_000))
    with world.control() as control:
        assert readings.due(control)
    for tenant_id in (world.acme.id, world.globex.id):
        readings.read(world.catalogue, tenant_id)
        readings.read(world.catalogue, tenant_id)

    with world.control() as control:
        assert not readings.due(control)
        found = readings.between(control, "2000-01-01", "2100-01-01")
    assert found[world.acme.id].days == 1
    assert 3_000_000 <= found[world.acme.id].bytes - before <= 3_200_000
    assert found[world.globex.id].bytes > 50_000


def test_a_tenant_without_its_database_holds_up_no_reading(world: World) -> None:
    world.catalogue.discard(world.acme.id)
    assert readings.read_all(world.catalogue) == [world.acme.id]
    with world.control() as control:
        assert set(readings.between(control, "2000-01-01", "2100-01-01")) == {world.globex.id}
