"""Signing in and out."""

from datetime import timedelta

import pytest

from appliance import clock
from appliance.domain import tenants
from tests.world import PASSWORD, World

ALICE = {"email": " Alice@ACME.test", "password": PASSWORD}


def test_the_right_password_opens_the_door(world: World) -> None:
    answer = world.stranger.post("/login", data=ALICE | {"next": "/t/acme/settings"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/t/acme/settings")
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("ahq_session=", "HttpOnly", "SameSite=lax", "Path=/"))
    assert world.stranger.get("/t/acme/settings").status_code == 200


def test_over_https_the_cookie_is_secure(world: World) -> None:
    answer = world.stranger.post("https://box.test/login", data=ALICE)
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("wrong", [{"password": "wrong password"}, {"email": "nobody@acme.test"}, {"password": ""}])
def test_the_wrong_one_says_the_same_for_everybody(world: World, wrong: dict[str, str]) -> None:
    answer = world.stranger.post("/login", data=ALICE | wrong)
    assert (answer.status_code, "E-mail or password is wrong." in answer.text) == (422, True)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:1", "/\tx", ""])
def test_the_way_back_stays_on_this_site(world: World, path: str) -> None:
    assert world.stranger.post("/login", data=ALICE | {"next": path}).headers["location"] == "/"


def test_the_sixth_failure_must_wait(world: World) -> None:
    statuses = [_guess(world).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    answer = world.stranger.post("/login", data=ALICE)
    assert (answer.status_code, 0 < int(answer.headers["retry-after"]) <= 30) == (429, True)
    with clock.frozen(clock.now() + timedelta(seconds=31)):
        assert world.stranger.post("/login", data=ALICE).status_code == 303


def test_a_box_with_sample_data_says_how_to_come_in_again(world: World) -> None:
    said = "This is a demo: open the link printed in the terminal again"
    assert said not in world.stranger.get("/login").text
    with world.control() as control:
        tenants.create(world.catalogue, control, world.vault, "sample", "Sample", simulated=True)
    assert said in world.stranger.get("/login").text
    assert said in _guess(world).text


def test_signing_out_ends_the_session_on_the_server(world: World) -> None:
    assert world.alice.part
    token = world.alice.part.token
    assert world.alice.post("/logout").headers["location"] == "/login"
    world.stranger.cookies.set("ahq_session", token)
    assert world.stranger.get("/t/acme/settings").status_code == 303


def test_the_front_door_leads_to_the_last_tenant(world: World) -> None:
    assert world.alice.get("/").headers["location"] == "/t/acme/"
    world.alice.cookies.set("ahq_tenant", "globex")
    assert world.alice.get("/").headers["location"] == "/t/acme/"
    assert world.stranger.get("/").headers["location"].startswith("/login")


def _guess(world: World):  # type: ignore[no-untyped-def]
    return world.stranger.post("/login", data=ALICE | {"password": "guess"})
