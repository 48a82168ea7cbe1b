"""The list of processes: by it, what somebody holds is somebody's or nobody's."""

import subprocess
import sys
from datetime import timedelta

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import workers
from appliance.presence import present
from tests.waiting import until
from tests.world import World


def listed(control: Database) -> list[str]:
    return [worker.owner for worker in workers.all(control)]


def test_a_process_is_in_the_list_while_it_runs(world: World) -> None:
    with present(world.catalogue, "one", "worker"), world.control() as control:
        [found] = workers.all(control)
        assert (found.owner, found.role, found.started_at) == ("one", "worker", found.seen_at)
        assert workers.living(control, shared=True) == ["one"]
    with world.control() as control:
        assert listed(control) == []


def test_three_heartbeats_missed_and_it_is_gone(world: World) -> None:
    with world.control() as control:
        workers.enter(control, "one", "worker", alone=False)
        for seconds, gone in ((14, []), (16, ["one"])):
            with clock.frozen(clock.now() + timedelta(seconds=seconds)):
                assert workers.gone(control, shared=True) == gone
                assert workers.gone(control, shared=False) == [], "nobody beats where nothing is shared"
                assert workers.gone(control, shared=True, me="one") == []


def test_a_heartbeat_keeps_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "BEAT_S", 0.02)
    monkeypatch.setattr(world.catalogue, "shared", True)
    with present(world.catalogue, "one", "worker"), world.control() as control:
        first = workers.all(control)[0].seen_at
        until(lambda: workers.all(control)[0].seen_at > first)
        workers.forget(control, ["one"])
        until(lambda: listed(control) == ["one"])


def test_a_process_that_ended_on_this_machine_is_gone_at_once(world: World) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with world.control() as control:
        for owner, pid, place in (("dead", ended.pid, workers.here()), ("elsewhere", ended.pid, "another machine")):
            workers.enter(control, owner, "worker", alone=False)
            control.update("workers", {"owner": owner}, pid=pid, place=place)
        assert workers.gone(control, shared=True) == ["dead"]
        assert workers.living(control, shared=True) == ["elsewhere"]


def test_the_owner_of_a_data_folder_knows_that_those_before_it_are_gone(world: World) -> None:
    with world.control() as control:
        workers.enter(control, "before", "all", alone=True)
        workers.enter(control, "verb", workers.COMMAND, alone=False)
        workers.enter(control, "now", "all", alone=True)
        assert sorted(listed(control)) == ["now", "verb"]
