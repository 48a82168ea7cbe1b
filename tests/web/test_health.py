"""Alive, ready, and really us."""

import pytest

from appliance import diskspace
from appliance.domain import alerts, heartbeats
from tests.world import World


def test_livez_needs_nothing(world: World) -> None:
    assert world.stranger.get("/livez").json()["status"] == "ok"


def test_readyz_names_every_check(world: World) -> None:
    answer = world.stranger.get("/readyz")
    assert answer.status_code == 200
    parts = ("database", "migrations", "scheduler", "queue", "disk")
    assert answer.json()["checks"] == dict.fromkeys(parts, "ok")


@pytest.mark.parametrize("part", heartbeats.PARTS)
def test_a_part_that_falls_silent_is_not_ready_until_any_process_beats(world: World, part: str) -> None:
    with world.control() as control:
        heartbeats.beat(control, part, "1-a")
        assert world.stranger.get("/readyz").status_code == 200
        control.execute("UPDATE heartbeats SET at = :then", {"then": control.now(-40)})
        answer = world.stranger.get("/readyz")
        assert answer.status_code == 503
        assert "no sign of life for 40 s" in answer.json()["checks"][part]
        heartbeats.beat(control, part, "2-b")
    assert world.stranger.get("/readyz").status_code == 200


def test_a_part_that_ended_in_order_is_not_missed(world: World) -> None:
    with world.control() as control:
        heartbeats.beat(control, "scheduler", "1-a")
        heartbeats.stop(control, "1-a")
    assert world.stranger.get("/readyz").status_code == 200


def test_the_nonce_comes_back(world: World) -> None:
    answer = world.stranger.get("/readyz", headers={"X-AgentHQ-Nonce": "abc"})
    assert (answer.headers["x-agenthq-nonce"], answer.headers["server"]) == ("abc", "AgentHQ")


def test_healthz_tells_more(world: World) -> None:
    said = world.stranger.get("/healthz").json()
    assert (said["status"], said["set_up"], said["streams"]) == ("ok", True, 0)


def test_a_database_that_is_gone_is_not_ready(world: World) -> None:
    file = world.catalogue.folder / "control.db"
    if file.exists():
        file.rename(file.with_name("gone"))
    else:
        world.catalogue.close()
    answer = world.stranger.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")


def test_a_full_disk_is_not_ready(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diskspace, "look", lambda folder: diskspace.Space(4, 100))
    answer = world.stranger.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["disk"] == "only 4.0% free: no new work is begun"


def test_on_a_full_disk_pages_can_be_read_and_say_why_nothing_begins(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diskspace, "look", lambda folder: diskspace.Space(4, 100))
    for page in (world.bob.get(f"{world.bob.pages}/"), world.alice.get("/box/tenants")):
        assert page.status_code == 200
        assert "The disk is nearly full" in page.text


def test_healthz_names_open_alerts_and_how_old_heartbeats_are(world: World) -> None:
    with world.control() as control:
        heartbeats.beat(control, "scheduler", "1-a")
        alerts.raise_(control, "disk.low", "", "critical", "3 % free")
    said = world.stranger.get("/healthz").json()
    assert said["alerts"] == ["disk.low"]
    assert said["heartbeats"]["scheduler"] < 5
