"""The doorbell says that there is work, never which: it may be lost or doubled without harm."""

import json
import threading

import pytest

from appliance.domain import agents, claims, samples, tasks
from appliance.domain.agent_forms import NewAgent
from appliance.domain.task_forms import NewTask
from appliance.engine.queue import Doorbell, Workers
from tests.engine.floor import Floor, finish
from tests.waiting import until


@pytest.fixture
def bell() -> Doorbell:
    made = Doorbell()
    made.answer(lambda tenant: None)
    return made


def test_a_worker_waits_until_the_bell_rings(bell: Doorbell) -> None:
    heard: list[bytes | None] = []
    thread = threading.Thread(target=lambda: heard.append(bell.storage.dequeue()))
    thread.start()
    thread.join(0.05)
    assert thread.is_alive()
    bell.ring("acme")
    thread.join(5)
    assert heard == [b'{"tenant":"acme"}']


def test_a_tenant_stands_in_the_line_once(bell: Doorbell) -> None:
    for _ in range(1000):
        bell.ring("acme")
    bell.ring("globex")
    assert bell.storage.queue_size() == 2
    assert [json.loads(bell.storage.dequeue() or b"") for _ in range(2)] == [{"tenant": "acme"}, {"tenant": "globex"}]


def test_a_bell_is_json_and_nothing_is_unpickled(bell: Doorbell) -> None:
    assert bell.deserialize_task(b'{"tenant":"acme"}').args == ("acme",)
    with pytest.raises(ValueError, match="JSON"):
        bell.deserialize_task(b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.")


def test_closing_wakes_every_worker(bell: Doorbell) -> None:
    workers = [threading.Thread(target=bell.storage.dequeue) for _ in range(4)]
    for worker in workers:
        worker.start()
    bell.storage.close()
    for worker in workers:
        worker.join(5)
    assert not any(worker.is_alive() for worker in workers)


def test_a_job_that_fails_leaves_its_worker_alive() -> None:
    bell = Doorbell()
    answered: list[str] = []

    def pump(tenant: str) -> None:
        answered.append(tenant)
        raise LookupError("a defect")

    bell.answer(pump)
    workers = Workers(bell, 1)
    workers.start()
    for tenant in ("acme", "globex"):
        bell.ring(tenant)
        until(lambda tenant=tenant: tenant in answered)
    workers.stop()
    assert answered == ["acme", "globex"]


def test_what_outlives_the_grace_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """Its databases are closed by then, and the folder of a demo is gone."""
    bell, began, closed = Doorbell(), threading.Event(), threading.Event()

    def pump(tenant: str) -> None:
        began.set()
        closed.wait(5)
        raise LookupError("the database is gone")

    bell.answer(pump)
    workers = Workers(bell, 1, grace_s=0)
    workers.start()
    bell.ring("acme")
    assert began.wait(5)
    workers.stop(graceful=True)
    closed.set()
    for _, thread in workers.worker_threads:
        thread.join(5)
    assert not [line for line in caplog.records if line.levelname == "ERROR"]


def test_the_sweep_finds_what_nobody_rang_for(floor: Floor) -> None:
    heard: list[str] = []
    floor.bell.answer(heard.append)
    floor.task(finish())
    floor.bell.storage.flush_queue()
    floor.sweeper.sweep()
    assert floor.bell.storage.queue_size() == 1


def test_a_lost_bell_costs_one_sweep(floor: Floor) -> None:
    with floor.engine(hears=False):
        floor.until(floor.task(finish()), "done", seconds=3)


def test_flushing_every_bell_loses_nothing(floor: Floor) -> None:
    work = [floor.task(finish(), title=f"Task {n}") for n in range(20)]
    with floor.engine() as engine:
        engine.bell.storage.flush_queue()
        for task in work:
            floor.until(task, "done")


def test_a_doubled_bell_does_nothing_twice(floor: Floor) -> None:
    task = floor.task(finish())
    with floor.engine(workers=4) as engine:
        for _ in range(20):
            engine.bell.ring(floor.tenant.id)
        floor.until(task, "done")
    assert len(floor.ledger(task)) == 1
    assert floor.run(task).fence == 1


def test_a_thousand_runs_of_one_tenant_do_not_delay_another(floor: Floor) -> None:
    with floor.db.transaction():
        for n in range(100 if floor.db.skip_locked else 1000):
            floor.task(finish(), title=f"Acme {n}")
    with floor.world.db(floor.world.globex) as db:
        charlie = floor.world.charlie.actor
        samples.add_simulated(db, charlie, floor.world.vault, pace="instant")
        agents.create(db, charlie, NewAgent("gil", "Gil", "Work.", "simulated"))
        with floor.engine(workers=2):
            until(lambda: floor.db.value("SELECT COUNT(*) AS n FROM runs WHERE state = 'succeeded'"))
            task = tasks.create(db, charlie, NewTask("Globex", finish(), "gil"))
            until(lambda: tasks.get(db, task.id).state == "done", seconds=2)
            assert claims.has_ready(floor.db)


def test_a_bell_that_finds_nothing_does_not_wait_for_who_writes(floor: Floor) -> None:
    with floor.db.transaction():
        floor.db.next_number("held")
        serving = threading.Thread(target=floor.pump.serve, args=(floor.tenant.id,))
        serving.start()
        serving.join(10)
        assert not serving.is_alive()
