"""Two deliveries at once, and a process that is killed between its commit and its answer."""

import subprocess
import sys
import threading
from typing import Any

import pytest

from appliance import clock
from appliance.db.database import Busy
from appliance.domain import hook_receiving
from appliance.domain.hook_deliveries import Arrived
from appliance.domain.hook_signatures import Signing
from tests.domain.hooking import Make
from tests.stages import PostgresStage, Stage
from tests.world import Play, World

HANDS = 24
CROWD = threading.BoundedSemaphore(12)
# Carries a delivery out in a process of its own, which dies where `at` says.
CHILD = """
import os, signal, sys
from pathlib import Path
from appliance import clock
from appliance.db.tenants import open_catalogue
from appliance.db.sqlite import SqliteDatabase
from appliance.db.postgres import PostgresDatabase
from appliance.domain import hook_deliveries, hook_receiving, hooks
from appliance.domain.hook_deliveries import Arrived
folder, url, tenant, token, at = sys.argv[1:]
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
catalogue = open_catalogue(Path(folder), url, 4)
with catalogue.control() as control:
    hook = hooks.find(control, token)
logged = []
add = hook_deliveries.add
hook_deliveries.add = lambda *given, **more: logged.append(add(*given, **more))
def deadly(end):
    def ended(db, commit):
        if logged and at == "before": die()
        end(db, commit)
        if logged: die()
    return ended
with catalogue.open(tenant) as db:
    for kind in (SqliteDatabase, PostgresDatabase):
        kind._end = deadly(kind._end)
    headers = {"content-type": "application/json", "webhook-id": "w-1"}
    hook_receiving.receive(db, hook, [], Arrived(headers, b'{"subject": "A"}', "", clock.monotonic()))
"""


def crowd(world: World, act: Any) -> list[Any]:
    gate, got = threading.Barrier(HANDS), list[Any]()

    def hand(n: int) -> None:
        gate.wait()
        with CROWD, world.db() as db:
            got.append(act(db, n))

    threads = [threading.Thread(target=hand, args=(n,)) for n in range(HANDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


@pytest.mark.parametrize("named", ["by header", "by body"])
def test_the_same_delivery_from_many_at_once_makes_one_task(outside: Make, world: World, named: str) -> None:
    desk = outside(same_body_s=0 if named == "by header" else 60)
    headers = {"webhook-id": "w-1"} if named == "by header" else {}
    found = desk.found

    def post(db: Any, _: int) -> Any:
        given = {"content-type": "application/json"} | headers
        arrived = Arrived(given, b'{"subject": "A"}', "192.0.2.7", clock.monotonic())
        done = hook_receiving.receive(db, found, [], arrived)
        return done.repeated, repr(done.answer)

    got = crowd(world, post)
    assert desk.made == ["Look at A"]
    assert [repeated for repeated, _ in got].count(False) == 1
    assert len({answer for _, answer in got}) == 1
    assert sorted(desk.outcomes) == ["accepted"] + ["repeated"] * (HANDS - 1)


@pytest.mark.parametrize(("at", "kept"), [("before", 0), ("after", 1)])
def test_killed_around_the_commit_a_redelivery_makes_nothing_twice(
    outside: Make, world: World, cast_stage: Stage[Play], at: str, kept: int
) -> None:
    desk = outside()
    url = cast_stage._url if isinstance(cast_stage, PostgresStage) else ""
    token = desk.issued.url.rpartition("/")[2]
    arguments = [str(world.catalogue.folder), url, world.acme.id, token, at]
    died = subprocess.run([sys.executable, "-c", CHILD, *arguments], check=False, capture_output=True, text=True)
    assert died.returncode == -9, died.stderr
    assert len(desk.made) == kept
    again = desk.post({"subject": "A"}, webhook_id="w-1")
    assert (again.answer.accepted, again.repeated, desk.made) == (True, bool(kept), ["Look at A"])


def test_a_busy_database_is_told_as_trouble_and_not_as_a_refusal(
    outside: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = outside(signing=Signing("github"))

    def busy(*_: Any) -> None:
        raise Busy

    with monkeypatch.context() as patch:
        patch.setattr(hook_receiving, "carry_out", busy)
        with pytest.raises(Busy):
            desk.github({"subject": "A"}, webhook_id="1")
    assert desk.log == []
    assert not desk.github({"subject": "A"}, webhook_id="1").repeated
