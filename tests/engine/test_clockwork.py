"""Periodic work: one failing piece stops no other, and what was missed is made up for once."""

import threading

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES

from appliance.db.database import Database
from appliance.domain import approvals
from appliance.engine.schedule import Clockwork, guarded
from appliance.errors import Problem
from tests.engine.floor import Floor, finish
from tests.waiting import until


def test_mistake_18_missed_ticks_are_one_tick() -> None:
    beat, gate, entered = [0], threading.Event(), threading.Event()

    def sweep() -> None:
        beat[0] += 1
        entered.set()
        gate.wait(5)

    clockwork, skipped = Clockwork(sweep, lambda: None), []
    clockwork._scheduler.add_listener(skipped.append, EVENT_JOB_MAX_INSTANCES)
    clockwork.start()
    try:
        assert entered.wait(5)
        # The first tick lasts longer than two seconds: what came due meanwhile is not played back.
        until(lambda: len(skipped) >= 2, 10)
        assert beat[0] == 1
    finally:
        gate.set()
        clockwork.stop()


def test_mistake_19_a_failing_tick_does_not_end_the_ticking() -> None:
    ticks = []

    def tick() -> None:
        ticks.append(1)
        raise RuntimeError("broken")

    work = guarded(tick)
    work()
    work()
    assert len(ticks) == 2


@pytest.mark.parametrize("trouble", [Problem("unavailable", "damaged"), KeyError("a bug")])
def test_mistake_19_a_broken_tenant_does_not_stop_the_sweep_of_the_others(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    task = floor.task(finish())
    sweep, swept = approvals.sweep, []

    def broken(db: Database) -> int:
        swept.append(db.name)
        if db.name == floor.world.acme.id:
            raise trouble
        return sweep(db)

    monkeypatch.setattr(approvals, "sweep", broken)
    floor.sweeper.sweep()
    assert set(swept) == {floor.world.acme.id, floor.world.globex.id}
    assert floor.run(task).state == "ready"
