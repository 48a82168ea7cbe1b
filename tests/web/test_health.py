"""Alive, ready, and really us."""

import pytest

from appliance.web import health
from tests.world import World


def test_livez_needs_nothing(world: World) -> None:
    assert world.stranger.get("/livez").json()["status"] == "ok"


def test_readyz_names_every_check(world: World) -> None:
    answer = world.stranger.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": "ok", "migrations": "ok", "disk": "ok"}


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
    monkeypatch.setattr(health, "DISK_FREE", 1.1)
    assert "free" in world.stranger.get("/readyz").json()["checks"]["disk"]
