"""Invitations, the second step, sessions, forgotten passwords and leaving, as people meet them."""

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from pyotp import TOTP

from appliance import clock
from appliance.domain import box_owners, sessions, totp, users
from appliance.settings import load
from tests.sinks import MailSink, mail_sink
from tests.waiting import until
from tests.world import PASSWORD, Browser, World

ACCOUNT, MEMBERS = "/t/acme/settings/account", "/t/acme/settings/members"
NEW = "another long one"
BOB = {"email": "bob@acme.test", "password": PASSWORD}


@pytest.fixture
def mailbox(world: World) -> Iterator[MailSink]:
    """The box sends e-mail, and this is where it arrives."""
    with mail_sink() as sink:
        smtp = {"smtp_host": "127.0.0.1", "smtp_port": sink.port, "smtp_security": "none"}
        values = load({"data": str(world.settings.data_dir), "public_url": "https://hq.test", **smtp}, {})
        world.app.state.services = world.services._replace(settings=values)
        yield sink


def invite(world: World, email: str = "eve@x.test", role: str = "operator") -> httpx.Response:
    form = {"invite_email": email, "invite_role": role}
    return world.alice.post("/t/acme/settings/invitations", data=form)


def path_in(text: str, begins: str) -> str:
    found = re.search(rf"({begins}/[\w-]{{43}})", text)
    assert found
    return found[1]


def phone(world: World, browser: Browser) -> TOTP:
    """Two-step sign-in set up on the pages; the time of the code is used up."""
    page = browser.get(f"{browser.pages}/settings/account/totp").text
    found = re.search(r'<code class="secret[^>]*>(\w{32})<', page)
    assert found
    made = TOTP(found[1])
    assert "<svg" in page
    answer = browser.post(f"{browser.pages}/settings/account/totp", data={"code": made.at(clock.now())})
    assert len(re.findall(r"<li>[\w-]{19}</li>", answer.text)) == 10
    return made


# Invitations


def test_without_mail_the_link_is_shown_once_and_joins_one_person(world: World) -> None:
    shown = invite(world).text
    assert shown.count("/join/") >= 1
    path = path_in(shown, "/join")
    assert path not in world.alice.get(MEMBERS).text
    assert "eve@x.test is invited as" in world.stranger.get(path).text
    entered = world.stranger.post(path, data={"name": "Eve", "password": NEW})
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert world.stranger.get("/t/acme/settings").status_code == 200
    assert world.stranger.get(path).status_code == 410


def test_with_mail_the_link_goes_there_and_nowhere_else(world: World, mailbox: MailSink) -> None:
    answer = invite(world)
    assert (answer.status_code, answer.headers["location"]) == (303, MEMBERS)
    [mail] = mailbox.got
    assert (mail["To"], mail["Subject"]) == ("eve@x.test", "Join Acme on AgentHQ")
    assert "https://hq.test/join/" in mail.as_string().replace("=\n", "")
    listed = world.alice.get("/api/v1/t/acme/invitations").json()["items"][0]
    assert (listed["state"], listed["mailed"], "digest" in listed) == ("open", True, False)


def test_a_mail_that_fails_leaves_the_link_to_copy(world: World, mailbox: MailSink) -> None:
    mailbox.answers = ["550 no such box"]
    shown = invite(world).text
    assert "550 no such box" in shown
    assert path_in(shown, "/join")


def test_the_page_of_an_invitation_is_the_same_for_known_and_unknown(world: World) -> None:
    known, unknown = ("charlie@globex.test", "nobody@globex.test")
    pages = []
    for email in (known, unknown):
        path = path_in(invite(world, email).text, "/join")
        pages.append(world.stranger.get(path).text.replace(email, "X").replace(path, "P"))
    assert pages[0] == pages[1]


def test_somebody_with_an_account_signs_in_and_joins(world: World) -> None:
    path = path_in(invite(world, "charlie@globex.test", "viewer").text, "/join")
    refused = world.stranger.post(path, data={"name": "X", "password": NEW})
    assert (refused.status_code, "sign in and join" in refused.text) == (422, True)
    assert "You are signed in as Charlie" in world.charlie.get(path).text
    assert world.charlie.post(f"{path}/signed-in").headers["location"] == "/t/acme/"
    assert world.charlie.get("/t/acme/settings").status_code == 200


def test_another_person_signed_in_can_not_take_it(world: World) -> None:
    path = path_in(invite(world, "charlie@globex.test").text, "/join")
    assert world.bob.post(f"{path}/signed-in").status_code == 403
    assert world.stranger.post(f"{path}/signed-in").status_code == 303


def test_faults_stand_beside_their_fields(world: World) -> None:
    page = invite(world, "bob@acme.test")
    assert (page.status_code, "is a member already" in page.text) == (422, True)
    path = path_in(invite(world).text, "/join")
    assert "take at least 10 characters" in world.stranger.post(path, data={"name": "E", "password": "x"}).text


def test_the_api_invites_resends_and_revokes(world: World) -> None:
    api = "/api/v1/t/acme/invitations"
    made = world.alice.post(api, json={"email": "eve@x.test", "role": "admin"}).json()
    again = world.alice.post(f"{api}/{made['id']}/resend").json()
    assert again["link"] != made["link"]
    assert world.stranger.get(path_in(made["link"], "/join")).status_code == 410
    assert world.alice.delete(f"{api}/{made['id']}").status_code == 204
    assert world.stranger.get(path_in(again["link"], "/join")).status_code == 410
    assert [one["state"] for one in world.alice.get(api).json()["items"]] == ["revoked"]


def test_charlie_gets_404(world: World) -> None:
    made = world.alice.post("/api/v1/t/acme/invitations", json={"email": "eve@x.test"}).json()
    for path in (ACCOUNT, f"{ACCOUNT}/totp", "/api/v1/t/acme/invitations", "/api/v1/t/acme/account/sessions"):
        assert world.charlie.get(path).status_code == 404
    assert world.charlie.delete(f"/api/v1/t/globex/invitations/{made['id']}").status_code == 404
    assert world.charlie.post(f"/t/globex/settings/members/{world.bob.member.id}/reset-link").status_code == 404


# The second step


def test_signing_in_takes_two_steps_and_remembers_nothing(world: World) -> None:
    device = phone(world, world.bob)
    for ahead in (60, 120):
        with clock.frozen(clock.now() + timedelta(seconds=ahead)):
            halfway = world.stranger.post("/login", data=BOB | {"next": "/t/acme/board"})
            assert halfway.headers["location"] == "/login/code?next=%2Ft%2Facme%2Fboard"
            assert "ahq_session" not in halfway.headers["set-cookie"]
            assert world.stranger.get("/t/acme/board").status_code == 303
            assert world.stranger.get("/login/code").status_code == 200
            wrong = world.stranger.post("/login/code", data={"code": "000000"})
            assert (wrong.status_code, "The code is not right" in wrong.text) == (422, True)
            form = {"code": device.at(clock.now()), "next": "/t/acme/board"}
            assert world.stranger.post("/login/code", data=form).headers["location"] == "/t/acme/board"
            assert world.stranger.get("/t/acme/board").status_code == 200
            world.stranger.post("/logout")


def test_the_code_alone_opens_nothing(world: World) -> None:
    device = phone(world, world.bob)
    answer = world.stranger.post("/login/code", data={"code": device.at(clock.now())})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_guesses_at_the_code_must_wait(world: World) -> None:
    phone(world, world.bob)
    world.stranger.post("/login", data=BOB)
    statuses = [world.stranger.post("/login/code", data={"code": "000000"}).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_it_is_turned_off_with_a_code_and_codes_are_renewed_with_one(world: World) -> None:
    device = phone(world, world.bob)
    assert world.bob.post(f"{ACCOUNT}/totp/off", data={"code": "000000"}).status_code == 422
    with clock.frozen(clock.now() + timedelta(seconds=60)):
        renewed = world.bob.post(f"{ACCOUNT}/totp/codes", data={"code": device.at(clock.now())}).text
    codes = re.findall(r"<li>([\w-]{19})</li>", renewed)
    assert len(codes) == 10
    assert world.bob.post(f"{ACCOUNT}/totp/off", data={"code": codes[0]}).status_code == 303
    assert world.stranger.post("/login", data=BOB).headers["location"] == "/"


def test_who_owes_a_second_step_is_led_there_and_sees_nothing_else(world: World) -> None:
    assert world.alice.post(f"{MEMBERS}/two-step", data={"require": "true"}).status_code == 303
    led = world.alice.get("/t/acme/board")
    assert (led.status_code, led.headers["location"]) == (303, ACCOUNT)
    assert world.alice.get("/api/v1/t/acme/agents").json()["code"] == "second_step"
    assert "Acme asks for it" in world.alice.get(ACCOUNT).text
    assert world.otto.get("/t/acme/board").status_code == 200
    phone(world, world.alice)
    assert world.alice.get("/t/acme/board").status_code == 200
    world.alice.post(f"{MEMBERS}/two-step", data={})
    with world.control() as control:
        totp.reset(control, world.alice.actor, world.otto.member.id)
    assert world.otto.get("/t/acme/board").status_code == 303


# Sessions, passwords, leaving


def test_one_sees_where_one_is_signed_in_and_ends_it(world: World) -> None:
    firefox = "10.0.0.7 Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    with world.control() as control:
        other = sessions.start(control, world.bob.member.id, firefox, 24)
        name = next(s.name for s in sessions.of_user(control, world.bob.member.id) if s.client == firefox)
    page = world.bob.get(ACCOUNT).text
    assert "Firefox on Linux" in page
    assert "10.0.0.7" in page
    assert world.otto.post(f"{ACCOUNT}/sessions/{name}/end").status_code == 404
    assert world.bob.post(f"{ACCOUNT}/sessions/{name}/end").status_code == 303
    world.stranger.cookies.set("ahq_session", other)
    assert world.stranger.get(ACCOUNT).headers["location"].startswith("/login")


def test_all_others_end_over_the_api(world: World) -> None:
    with world.control() as control:
        sessions.start(control, world.bob.member.id, "x", 24)
    assert world.bob.post("/api/v1/t/acme/account/sessions/end-others").json() == {"ended": 1}
    assert [one["here"] for one in world.bob.get("/api/v1/t/acme/account/sessions").json()["items"]] == [True]


def test_a_forgotten_password_says_the_same_to_everybody(world: World, mailbox: MailSink) -> None:
    answers = [world.stranger.post("/login/forgot", data={"email": e}) for e in ("nobody@x.test", "bob@acme.test")]
    assert answers[0].text == answers[1].text
    until(lambda: len(mailbox.got) == 1, 5)
    [mail] = mailbox.got
    assert mail["To"] == "bob@acme.test"
    body = mail.get_body(("plain",))
    assert body
    path = path_in(body.get_content(), "/login/new-password")
    assert "bob@acme.test" in world.stranger.get(path).text
    assert world.stranger.post(path, data={"password": "short"}).status_code == 422
    assert world.stranger.post(path, data={"password": NEW}).headers["location"] == "/login?changed=1"
    assert world.bob.get(ACCOUNT).headers["location"].startswith("/login")
    assert world.stranger.post("/login", data=BOB | {"password": NEW}).status_code == 303
    assert world.stranger.get(path).status_code == 410


def test_asking_too_often_must_wait(world: World, mailbox: MailSink) -> None:
    asked = [world.stranger.post("/login/forgot", data={"email": "nobody@x.test"}) for _ in range(6)]
    assert [answer.status_code for answer in asked] == [200] * 5 + [429]
    assert asked[5].headers["retry-after"]


def test_without_mail_the_page_says_whom_to_ask(world: World) -> None:
    assert "Ask an owner" in world.stranger.get("/login/forgot").text


def test_an_admin_makes_a_link_for_a_member(world: World) -> None:
    shown = world.alice.post(f"{MEMBERS}/{world.bob.member.id}/reset-link").text
    path = path_in(shown, "/login/new-password")
    assert world.stranger.post(path, data={"password": NEW}).status_code == 303
    link = world.alice.post(f"/api/v1/t/acme/members/{world.otto.member.id}/reset-link").json()["link"]
    assert world.stranger.get(path_in(link, "/login/new-password")).status_code == 200


def test_guessing_the_current_password_must_wait(world: World) -> None:
    form = {"current": "guess", "password": NEW}
    statuses = [world.bob.post(f"{ACCOUNT}/password", data=form).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_a_person_leaves_and_the_last_owner_can_not(world: World) -> None:
    assert world.bob.post(f"{ACCOUNT}/leave").headers["location"] == "/"
    assert world.bob.get(ACCOUNT).status_code == 404
    refused = world.alice.post(f"{ACCOUNT}/leave")
    assert (refused.status_code, "last owner" in refused.text) == (422, True)


# Keys


def test_a_key_is_rotated_in_two_steps(world: World) -> None:
    made = world.alice.post("/api/v1/t/acme/keys", json={"name": "ci", "role": "viewer"}).json()
    here = f"/t/acme/settings/keys/{made['id']}"
    shown = world.alice.post(f"{here}/rotate", data={"old_until": "2d"}).text
    found = re.search(r"ahq_[\w-]{43}", shown)
    assert found
    old, new = world.program(made["secret"]), world.program(found[0])
    assert [program.get("/api/v1/agents").status_code for program in (old, new)] == [200, 200]
    assert "End the old one now" in world.alice.get(here).text
    assert world.alice.post(f"{here}/end-old").status_code == 303
    assert [program.get("/api/v1/agents").status_code for program in (old, new)] == [401, 200]
    assert world.alice.post(f"{here}/rotate", data={"old_until": "soon"}).status_code == 422
    assert world.charlie.post(f"/api/v1/t/globex/keys/{made['id']}/rotate", json={}).status_code == 404


def test_a_key_that_ends_soon_is_told(world: World) -> None:
    world.alice.post("/api/v1/t/acme/keys", json={"name": "nightly", "expires": "3d"})
    assert "nightly: ends within two weeks" in world.alice.get("/t/acme/settings/keys").text


# The box


def test_the_owner_of_the_box_sees_everybody(world: World) -> None:
    page = world.alice.get("/box/people").text
    assert all(email in page for email in ("alice@acme.test", "charlie@globex.test"))
    assert "charlie@" not in world.alice.get("/box/people?q=acme").text
    first = world.alice.get("/api/v1/box/people?limit=1").json()
    second = world.alice.get(f"/api/v1/box/people?limit=1&cursor={first['next_cursor']}").json()
    assert [page["items"][0]["name"] for page in (first, second)] == ["Alice", "Bob"]
    assert first["items"][0]["tenants"] == [{"tenant": "acme", "role": "owner"}]


def test_people_are_appointed_disabled_and_helped(world: World) -> None:
    def act(who: Browser, verb: str) -> int:
        return world.alice.post(f"/box/people/{who.member.id}/{verb}").status_code

    phone(world, world.bob)
    assert act(world.bob, "totp-reset") == 303
    assert world.stranger.post("/login", data=BOB).headers["location"] == "/"
    assert act(world.charlie, "appoint") == 303
    assert world.charlie.get("/box/people").status_code == 200
    assert act(world.charlie, "end-sessions") == 303
    assert world.charlie.get("/box/people").headers["location"].startswith("/login")
    assert act(world.charlie, "dismiss") == 303
    assert act(world.bob, "disable") == 303
    assert world.stranger.post("/login", data=BOB).status_code == 422
    assert act(world.bob, "enable") == 303
    assert act(world.bob, "nonsense") == 404
    with world.control() as control:
        assert [one.name for one in box_owners.every(control)] == ["Alice"]
        assert not users.by_id(control, world.bob.member.id).disabled


def test_the_last_owner_of_the_box_stays(world: World) -> None:
    refused = world.alice.post(f"/box/people/{world.alice.member.id}/dismiss")
    assert (refused.status_code, "last owner of the box" in refused.text) == (422, True)


@pytest.mark.parametrize("path", ["/box/people", "/api/v1/box/people"])
def test_charlie_sees_none_of_the_box(world: World, path: str) -> None:
    assert world.charlie.get(path).status_code == 404
    assert world.charlie.post(f"{path}/{world.bob.member.id}/disable").status_code == 404
