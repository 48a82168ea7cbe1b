"""A disk that is nearly full: nothing new begins, the task says why, and work goes on by itself once there is space."""

import pytest

from appliance import diskspace
from appliance.domain import heartbeats, why
from tests.engine.floor import Floor
from tests.waiting import until


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diskspace, "LOOK_S", 0.0)


def free(monkeypatch: pytest.MonkeyPatch, share: int) -> None:
    monkeypatch.setattr(diskspace, "look", lambda folder: diskspace.Space(share, 100))


def test_below_five_percent_nothing_is_claimed_and_the_task_says_why(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 4)
    task = floor.task("sim: tool task.finish {}")
    floor.work()
    assert floor.run(task).state == "ready"
    assert why.why(floor.db, floor.now(task)).code == "disk_full"


def test_it_goes_on_by_itself_above_six_percent(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 4)
    task = floor.task()
    with floor.engine():
        free(monkeypatch, 5)
        assert diskspace.low(floor.world.catalogue.folder)
        assert floor.run(task).state == "ready"
        free(monkeypatch, 7)
        floor.until(task, "done")


def test_scheduler_and_workers_give_signs_of_life_and_end_in_order(floor: Floor) -> None:
    with floor.world.control() as control:
        with floor.engine():
            assert [pulse.part for pulse in until(lambda: heartbeats.pulses(control))] == ["queue", "scheduler"]
        assert heartbeats.pulses(control) == []
