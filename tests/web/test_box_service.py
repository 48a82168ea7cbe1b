"""The room of the program: what is shown, the check of the log, and the certificate."""

from pathlib import Path

import pytest

from appliance import settings, tls
from tests.world import World

PAGES = ("/box/service/", "/box/service/agenthq-ca.pem", "/api/v1/box/service", "/api/v1/box/service/audit")


def secured(world: World, tmp_path: Path) -> None:
    """The box serves HTTPS with a certificate of its own."""
    chosen = settings.load({"data": str(tmp_path / "data"), "tls": "true"}, {})
    tls.initialise(chosen, ("hq.example.com",))
    world.app.state.services = world.services._replace(settings=chosen)


def test_it_says_version_place_and_how_to_go_on(world: World) -> None:
    page = world.alice.get("/box/service/").text
    for said in ("0.1.0", "agenthq install", "agenthq service install", "update_key", "agenthq tls init"):
        assert said in page
    shown = world.alice.get("/api/v1/box/service").json()
    assert (shown["version"], shown["supervised"], shown["maintenance"]) == ("0.1.0", False, {})
    assert "certificate" not in shown or shown["certificate"] is None


@pytest.mark.parametrize("path", PAGES)
def test_charlie_gets_404(world: World, path: str) -> None:
    assert world.charlie.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/box/service/audit", "/box/service/tls/renew", "/api/v1/box/service/tls/renew"])
def test_charlie_may_do_nothing_there(world: World, path: str) -> None:
    assert world.charlie.post(path).status_code == 404


def test_a_log_that_is_whole_says_so_with_its_head(world: World) -> None:
    assert world.alice.post("/box/service/audit").status_code == 303
    assert "lines are as they were written. Head " in world.alice.get("/box/service/").text


def test_a_log_that_was_changed_names_the_line(world: World) -> None:
    with world.control() as control:
        control.execute("UPDATE audit SET actor = 'x' WHERE seq = 2")
    world.alice.post("/box/service/audit")
    assert "Line 2 is not what was written there." in world.alice.get("/box/service/").text
    assert world.alice.get("/api/v1/box/service/audit").json()["bad"] == 2


def test_a_tenant_in_maintenance_is_named_with_its_fault(world: World) -> None:
    world.catalogue.failed[world.globex.id] = "table usage_hours already exists"
    page = world.alice.get("/box/service/").text
    assert "Tenant globex is in maintenance" in page
    assert "usage_hours already exists" in page


def test_the_certificate_is_shown_renewed_and_its_authority_given_out(world: World, tmp_path: Path) -> None:
    secured(world, tmp_path)
    before = world.alice.get("/api/v1/box/service").json()["certificate"]
    assert (before["names"], before["own"]) == (["hq.example.com"], True)
    assert "hq.example.com" in world.alice.get("/box/service/").text
    assert world.alice.post("/box/service/tls/renew").status_code == 303
    after = world.alice.get("/api/v1/box/service").json()["certificate"]
    assert after["fingerprint"] != before["fingerprint"]
    assert world.alice.get("/box/service/agenthq-ca.pem").text.startswith("-----BEGIN CERTIFICATE-----")
    with world.control() as control:
        assert control.value("SELECT COUNT(*) FROM audit WHERE action = 'tls.renewed'") == 1


def test_without_https_there_is_nothing_to_renew(world: World) -> None:
    reply = world.alice.post("/api/v1/box/service/tls/renew")
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")
    world.alice.post("/box/service/tls/renew")
    assert "set tls = true first" in world.alice.get("/box/service/").text
