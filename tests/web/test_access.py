"""Who may ask for what: sessions, keys, roles, tenants, other sites."""

from datetime import timedelta

import httpx
import pytest

from appliance import clock
from appliance.domain import keys, sessions, users
from appliance.domain.key_forms import NewKey
from appliance.web.filters import ago
from tests.world import Browser, World


def key(world: World, **given: object) -> httpx.Client:
    with world.control() as control:
        new = NewKey(**{"name": "test", "role": "admin"} | given)  # type: ignore[arg-type]
        return world.program(keys.create(control, world.alice.actor, world.acme.id, new).secret)


@pytest.mark.parametrize("path", ["/t/acme/settings", "/t/acme/settings/members", "/t/acme/settings/keys"])
def test_charlie_gets_404_on_pages(world: World, path: str) -> None:
    assert world.alice.get(path).status_code == 200
    assert world.charlie.get(path).status_code == 404


@pytest.mark.parametrize("path", ["members", "keys", "audit", "events/stream"])
def test_charlie_gets_404_on_the_api(world: World, path: str) -> None:
    answer = world.charlie.get(f"/api/v1/t/acme/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_foreign_tenant_reads_like_one_that_does_not_exist(world: World) -> None:
    foreign, nowhere = (world.charlie.get(f"/api/v1/t/{slug}/members").json() for slug in ("acme", "nowhere"))
    assert foreign == nowhere


def test_a_key_says_tenant_and_role(world: World) -> None:
    program = key(world)
    assert [m["name"] for m in program.get("/api/v1/members").json()["items"]] == ["Alice", "Bob", "Otto"]
    assert program.get("/api/v1/t/acme/members").status_code == 200
    assert program.get("/api/v1/t/globex/members").status_code == 404


def test_a_gateway_key_sees_nothing_of_the_api(world: World) -> None:
    assert key(world, gateway_only=True).get("/api/v1/members").json()["code"] == "forbidden"


def test_a_key_opens_no_page(world: World) -> None:
    assert key(world).get("/t/acme/settings").headers["location"].startswith("/login")


@pytest.mark.parametrize("secret", ["", "ahq_wrong", "Bearer ahq_wrong", "ahq_" + "x" * 5000])
def test_a_wrong_key_is_refused(world: World, secret: str) -> None:
    answer = world.program(secret).get("/api/v1/members")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_a_revoked_key_ends_at_once(world: World) -> None:
    program = key(world)
    with world.control() as control:
        keys.revoke(control, world.alice.actor, world.acme.id, keys.every(control, world.acme.id)[0].id)
    assert "revoked" in program.get("/api/v1/members").json()["detail"]


def test_without_a_session_a_page_leads_to_sign_in_and_back(world: World) -> None:
    answer = world.stranger.get("/t/acme/settings?tab=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Ft%2Facme%2Fsettings%3Ftab%3D1")


def test_htmx_is_told_to_go_to_sign_in(world: World) -> None:
    answer = world.stranger.get("/t/acme/settings", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"][:6]) == (401, "/login")


def test_an_expired_session_says_so(world: World) -> None:
    hours = timedelta(hours=world.settings.session_hours + 24)
    with clock.frozen(clock.now() + hours):
        answer = world.alice.get("/api/v1/t/acme/members")
    assert (answer.status_code, answer.json()["code"]) == (401, "session_expired")


def test_use_keeps_a_session_alive(world: World) -> None:
    almost = timedelta(hours=20)
    with clock.frozen(clock.now() + almost):
        assert world.alice.get(world.alice.api + "/members").status_code == 200
    with clock.frozen(clock.now() + almost * 2):
        assert world.alice.get(world.alice.api + "/members").status_code == 200


def test_a_disabled_person_is_out(world: World) -> None:
    with world.control() as control:
        users.disable(control, world.alice.actor, world.bob.member.id)
    assert world.bob.get(world.bob.api + "/members").json()["code"] == "session_expired"


@pytest.mark.parametrize(("who", "status"), [("alice", 201), ("otto", 403), ("bob", 403), ("charlie", 404)])
def test_roles_guard_what_they_should(world: World, who: str, status: int) -> None:
    browser: Browser = getattr(world, who)
    assert browser.post("/api/v1/t/acme/keys", json={"name": "x", "role": "viewer"}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 303),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "http://box.test"}, 303),
        ({"origin": "null"}, 403),
        ({}, 303),
    ],
)
def test_another_site_can_not_act_in_a_persons_name(world: World, headers: dict[str, str], status: int) -> None:
    world.alice.headers.pop("sec-fetch-site")
    answer = world.alice.post("/t/acme/settings/theme", data={"theme": "dark"}, headers=headers)
    assert answer.status_code == status


def test_reading_across_sites_is_not_acting(world: World) -> None:
    assert world.alice.get("/t/acme/settings", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def test_a_suspended_tenant_is_closed(world: World) -> None:
    with world.control() as control:
        control.update("tenants", {"id": world.acme.id}, state="suspended")
    answer = world.alice.get(world.alice.api + "/members")
    said = "The tenant acme is suspended. Ask an owner of the box to resume it."
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (403, "suspended", said)


def test_a_session_alone_names_no_tenant(world: World) -> None:
    assert "t/<slug>" in world.alice.get("/api/v1/members").json()["detail"]


def test_the_token_itself_is_not_stored(world: World) -> None:
    assert world.alice.part
    with world.control() as control:
        stored = sessions.of_user(control, world.alice.member.id)
    assert world.alice.part.token not in str(stored)
    assert ago(stored[0].created_at)
