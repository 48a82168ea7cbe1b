"""The settings room, and members, keys and audit over the API."""

import pytest

from tests.world import PASSWORD, Browser, World

NEW = {"email": "dora@acme.test", "name": "Dora <i>", "password": "long enough 1", "role": "viewer"}


def test_the_room_shows_what_the_role_may_see(world: World) -> None:
    owner, viewer = world.alice.get("/t/acme/settings").text, world.bob.get("/t/acme/settings").text
    assert "API keys" in owner
    assert str(world.catalogue.folder) in owner
    assert "API keys" not in viewer
    assert str(world.catalogue.folder) not in viewer


@pytest.mark.parametrize("path", ["keys", "audit"])
def test_a_viewer_has_no_keys_and_no_audit(world: World, path: str) -> None:
    assert world.bob.get(f"/t/acme/settings/{path}").status_code == 403


def test_an_owner_adds_a_member_who_can_sign_in(world: World) -> None:
    answer = world.alice.post("/t/acme/settings/members", data=NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, "/t/acme/settings/members")
    page = world.alice.get("/t/acme/settings/members").text
    assert "Dora &lt;i&gt; was added." in page
    assert "was added" not in world.alice.get("/t/acme/settings/members").text
    assert world.stranger.post("/login", data=NEW).status_code == 303


def test_a_refused_member_stays_typed(world: World) -> None:
    answer = world.alice.post("/t/acme/settings/members", data=NEW | {"password": "short"})
    assert answer.status_code == 422
    assert "take at least 10 characters" in answer.text
    assert 'value="dora@acme.test"' in answer.text


def test_roles_change_and_members_go(world: World) -> None:
    bob = f"/t/acme/settings/members/{world.bob.member.id}"
    assert world.alice.post(bob, data={"role": "admin"}).status_code == 303
    assert world.bob.get("/t/acme/settings/keys").status_code == 200
    assert world.alice.post(bob + "/remove").status_code == 303
    assert world.bob.get("/t/acme/settings").status_code == 404


def test_the_last_owner_stays(world: World) -> None:
    answer = world.alice.post(f"/t/acme/settings/members/{world.alice.member.id}/remove")
    assert (answer.status_code, "last owner" in answer.text) == (422, True)


def test_charlie_can_not_touch_acme(world: World) -> None:
    bob = world.bob.member.id
    for path in (f"/t/acme/settings/members/{bob}", f"/t/acme/settings/members/{bob}/remove"):
        assert world.charlie.post(path, data={"role": "viewer"}).status_code == 404
    assert world.charlie.delete(f"/api/v1/t/globex/members/{bob}").status_code == 404


def test_a_new_key_is_shown_once(world: World) -> None:
    page = world.alice.post("/t/acme/settings/keys", data={"name": "Nightly", "role": "operator", "expires": "90d"})
    secret = page.text.split('<code class="secret mono break">')[1].split("<")[0]
    assert world.program(secret).get("/api/v1/members").status_code == 200
    assert secret not in world.alice.get("/t/acme/settings/keys").text


@pytest.mark.parametrize("wrong", [{"expires": "soon"}, {"expires": "2020-01-01"}, {"budget_usd": "x"}, {"name": ""}])
def test_a_wrong_key_form_comes_back(world: World, wrong: dict[str, str]) -> None:
    answer = world.alice.post("/t/acme/settings/keys", data={"name": "Nightly"} | wrong)
    assert (answer.status_code, "aria-invalid" in answer.text) == (422, True)


def test_the_organisation_is_renamed(world: World) -> None:
    world.alice.post("/t/acme/settings/organisation", data={"organisation": "Acme Ltd"})
    assert "Acme Ltd" in world.bob.get("/t/acme/settings").text
    assert world.alice.post("/t/acme/settings/organisation", data={"organisation": " "}).status_code == 422


def test_the_theme_is_kept_for_the_person(world: World) -> None:
    answer = world.bob.post("/t/acme/settings/theme", data={"theme": "dark"})
    assert "agenthq_theme=dark" in str(answer.headers.get_list("set-cookie"))
    world.bob.cookies.delete("agenthq_theme")
    assert 'data-theme="dark"' in world.bob.get("/t/acme/settings").text
    assert world.bob.post("/t/acme/settings/theme", data={"theme": "pink"}).status_code == 400


def test_a_changed_password_ends_every_session(world: World) -> None:
    form = {"current": "not mine", "password": "another long one"}
    assert "is not your password" in world.bob.post("/t/acme/settings/account/password", data=form).text
    world.bob.post("/t/acme/settings/account/password", data=form | {"current": PASSWORD})
    assert world.bob.get("/t/acme/settings").status_code == 303


def test_members_over_the_api(world: World) -> None:
    path = world.alice.api + "/members"
    made = world.alice.post(path, json=NEW).json()
    assert (made["email"], made["role"], "password" in made) == ("dora@acme.test", "viewer", False)
    assert world.alice.patch(f"{path}/{made['id']}", json={"role": "operator"}).json()["role"] == "operator"
    assert world.alice.delete(f"{path}/{made['id']}").status_code == 204
    assert len(world.alice.get(path).json()["items"]) == 3


def test_keys_over_the_api(world: World) -> None:
    path = world.alice.api + "/keys"
    made = world.alice.post(path, json={"name": "ci", "role": "viewer", "budget_usd": "1.50"}).json()
    assert (made["budget_nano"], made["hint"]) == (1_500_000_000, made["secret"][:8])
    (listed,) = world.alice.get(path).json()["items"]
    assert (listed["budget_usd"], "secret" in listed) == ("1.5", False)
    assert world.alice.delete(f"{path}/{made['id']}").status_code == 204
    assert world.alice.get(path).json()["items"][0]["revoked_at"]
    assert world.alice.delete(f"{path}/nobody").status_code == 404


def test_the_trail_names_what_happened(world: World) -> None:
    world.alice.post(world.alice.api + "/keys", json={"name": "ci", "role": "viewer"})
    first = world.alice.get(world.alice.api + "/audit?limit=1").json()
    assert (first["items"][0]["action"], first["items"][0]["actor"]) == ("key.created", world.alice.actor.label)
    second = world.alice.get(world.alice.api + f"/audit?limit=1&cursor={first['next_cursor']}").json()
    assert second["items"][0]["id"] < first["items"][0]["id"]
    assert world.alice.get(world.alice.api + "/audit?cursor=junk").json()["code"] == "bad_cursor"
    assert "key.created" in world.alice.get("/t/acme/settings/audit").text


def test_the_api_describes_itself(world: World) -> None:
    said = world.stranger.get("/api/openapi.json").json()
    assert (said["openapi"], said["info"]["title"]) == ("3.1.0", "AgentHQ")
    assert set(said["components"]["securitySchemes"]) == {"key", "session"}
    operation = said["paths"]["/api/v1/members"]["post"]
    assert operation["responses"]["default"]["content"]["application/problem+json"]
    assert not [path for path in said["paths"] if path.startswith(("/t/", "/api/v1/t/", "/login"))]


def test_the_reference_is_a_page_of_ours(world: World) -> None:
    page = world.stranger.get("/api/docs").text
    assert "/api/v1/members" in page
    assert 'id="budget_exceeded"' in page
    assert "https://" not in page


def test_a_tenant_with_two_members_switches(world: World) -> None:
    browser: Browser = world.alice
    world.charlie.post(world.charlie.api + "/members", json={"email": "alice@acme.test", "role": "viewer"})
    assert 'href="/t/globex/"' in browser.get("/t/acme/settings").text
    assert browser.get("/t/globex/settings").status_code == 200
    assert browser.get("/").headers["location"] == "/t/globex/"


def test_the_time_zone_is_set_by_its_name(world: World) -> None:
    here = f"{world.alice.pages}/settings/zone"
    wrong = world.alice.post(here, data={"zone": "Mars/Olympus"})
    assert wrong.status_code == 422 and 'value="Mars/Olympus"' in wrong.text
    assert world.alice.post(here, data={"zone": "Europe/Berlin"}).status_code == 303
    assert 'value="Europe/Berlin"' in world.alice.get(f"{world.alice.pages}/settings").text
    assert world.otto.post(here, data={"zone": "UTC"}).status_code == 403


def test_preferences_over_http(world: World) -> None:
    there = f"{world.alice.api}/preferences"
    assert world.bob.get(there).json() == {"zone": "UTC", "uncapped": False}
    changed = world.alice.patch(there, json={"zone": "Asia/Tokyo", "uncapped": True})
    assert changed.json() == {"zone": "Asia/Tokyo", "uncapped": True}
    assert list(world.alice.patch(there, json={"zone": "../etc"}).json()["errors"]) == ["zone"]
    assert world.otto.patch(there, json={"uncapped": True}).status_code == 403
    assert world.charlie.get(f"{world.charlie.api}/preferences").json()["zone"] == "UTC"
    assert world.charlie.get(there).status_code == 404
