"""Notifications, channels and deliveries in a browser and over HTTP."""

import re
from collections.abc import Iterator

import pytest

from appliance.db.database import Database
from appliance.domain import absences, approvals, keys
from appliance.domain.key_forms import NewKey
from appliance.domain.notices import channels, outbox, rows, wishes
from tests.domain.telling import Room, enter
from tests.sinks import WebSink, web_sink
from tests.world import World

MINE = "/settings/notifications"


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def room(world: World, db: Database) -> Room:
    return enter(world, db)


@pytest.fixture
def web() -> Iterator[WebSink]:
    with web_sink() as sink:
        yield sink


def given_up(room: Room, world: World) -> rows.Notice:
    """A notice to Alice that was tried for long enough."""
    room.desk.ask()
    room.read()
    taken = outbox.take(room.db, outbox.due(room.db)[0])
    assert taken
    outbox.not_sent(room.db, taken, "Nobody answered.", again=False)
    return taken


def test_a_person_says_what_they_hear_of(world: World, room: Room) -> None:
    text = world.otto.get(world.otto.pages + MINE).text
    assert 'name="on.mine.email" value="true" aria-label="Decisions that wait for me by E-mail" checked' in text
    assert "This box sends no e-mail yet" in text
    fields = {"on.failures.email": "true", "on.digest.email": "true", "quiet": "true", "starts": "21:00"}
    fields |= {"ends": "06:30", "day.fri": "true", "zone": "Europe/Berlin", "digest_at": "09:00", "urgent": "true"}
    assert world.otto.post(world.otto.pages + MINE, data=fields).status_code == 303
    said = wishes.of(room.db, world.otto.member)
    assert [kind for kind, places in said.kinds.items() if places] == ["failures", "digest"]
    assert said.quiet and (said.quiet.starts, said.quiet.days, said.urgent) == ("21:00", ["fri"], True)
    text = world.otto.get(world.otto.pages + MINE).text
    assert 'value="Europe/Berlin"' in text and 'name="day.sat" value="true">' in text


def test_a_wrong_form_keeps_what_was_typed(world: World, room: Room) -> None:
    fields = {"on.budget.email": "true", "quiet": "true", "starts": "21:00", "ends": "06:30", "zone": "Mars"}
    answer = world.otto.post(world.otto.pages + MINE, data=fields | {"day.mon": "true"})
    assert answer.status_code == 422
    for part in ('value="Mars"', "give a time zone by its name", 'value="21:00"', 'Budget stops by E-mail" checked'):
        assert part in answer.text
    assert wishes.of(room.db, world.otto.member).kinds == {"mine": ["email"]}


def test_a_channel_is_added_tested_used_and_removed(world: World, room: Room, web: WebSink) -> None:
    new = {"kind": "webhook", "url": web.url, "name": "My pager"}
    made = world.alice.post(f"{world.alice.pages}{MINE}/channels", data=new)
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", made.text)
    assert made.status_code in (200, 201) and secret
    [mine] = channels.of(room.db, world.alice.member.id)
    text = world.alice.get(world.alice.pages + MINE).text
    assert f"on.mine.{mine.id}" in text and secret[0] not in text and f"…{secret[0][-4:]}" in text
    world.alice.post(f"{world.alice.pages}{MINE}/test/{mine.id}")
    assert b"This is a test" in web.got[0].body
    assert "A test went to My pager." in world.alice.get(world.alice.pages + MINE).text
    web.statuses = [500]
    world.alice.post(f"{world.alice.pages}{MINE}/test/{mine.id}")
    assert "The test did not arrive: Answered 500" in world.alice.get(world.alice.pages + MINE).text
    world.alice.post(f"{world.alice.pages}{MINE}/channels/{mine.id}/remove")
    assert channels.of(room.db, world.alice.member.id) == []


def test_nobody_touches_the_channel_of_another(world: World, room: Room) -> None:
    phone = room.channel(world.otto)
    for path in (f"{MINE}/channels/{phone}/remove", f"{MINE}/test/{phone}"):
        assert world.alice.post(world.alice.pages + path).status_code == 404
    assert world.otto.get(f"{world.otto.pages}/settings/channels").status_code == 403
    assert world.otto.post(f"{world.otto.api}/notices/channels?common=true", json={}).status_code in (400, 403)


def test_the_tenants_channels(world: World, room: Room, web: WebSink) -> None:
    here = f"{world.alice.pages}/settings/channels"
    assert "No channel yet" in world.alice.get(here).text
    refused = world.alice.post(here, data={"kind": "ntfy", "url": web.url, "topic": "a b", "on.failures": "true"})
    assert refused.status_code == 422 and "up to 64 letters" in refused.text
    new = {"kind": "ntfy", "url": web.url, "topic": "acme", "on.failures": "true", "on.budget": "true"}
    assert world.alice.post(here, data=new).status_code == 303
    [made] = channels.of(room.db, channels.TENANT)
    assert (made.name, made.kinds, made.private) == ("ntfy acme", ["failures", "budget"], True)
    world.alice.post(f"{here}/{made.id}/test")
    assert len(web.got) == 1
    assert "private addresses too" in world.alice.get(here).text
    world.alice.post(f"{here}/{made.id}/remove")
    assert channels.of(room.db, channels.TENANT) == []


def test_deliveries_show_what_failed_and_send_it_again(world: World, room: Room) -> None:
    failed = given_up(room, world)
    here = f"{world.alice.pages}/settings/deliveries"
    text = world.alice.get(f"{here}?state=failed").text
    for part in ("Send the letter", "Nobody answered.", "Alice", "1 try", "Failed (1)", "Send again"):
        assert part in text
    assert "Nothing here" in world.alice.get(f"{here}?state=sent").text
    assert world.alice.post(f"{here}/{failed.id}/retry").status_code == 303
    assert rows.get(room.db, failed.id).state == "queued"
    assert world.otto.get(here).status_code == 403


def test_ones_own_deliveries_are_ones_own(world: World, room: Room) -> None:
    failed = given_up(room, world)
    assert "Nobody answered." in world.alice.get(world.alice.pages + MINE).text
    assert "Nobody answered." not in world.otto.get(world.otto.pages + MINE).text
    assert world.otto.post(f"{world.otto.pages}{MINE}/deliveries/{failed.id}/retry").status_code == 404
    assert world.otto.get(f"{world.otto.api}/notices").json()["items"] == []
    assert world.otto.post(f"{world.otto.api}/notices/{failed.id}/retry").status_code == 404
    assert world.alice.post(f"{world.alice.pages}{MINE}/deliveries/{failed.id}/drop").status_code == 303
    assert rows.get(room.db, failed.id).state == "dropped"


def test_being_away_and_back(world: World, room: Room) -> None:
    asked = room.desk.ask(assigned_to=world.otto.actor.label)
    refused = world.otto.post(f"{world.otto.pages}{MINE}/away", data={"until": "2020-01-01"})
    assert refused.status_code == 422 and "still to come" in refused.text
    fields = {"until": "2099-01-01", "stand_in": world.alice.actor.label}
    assert world.otto.post(f"{world.otto.pages}{MINE}/away", data=fields).status_code == 303
    assert approvals.get(room.db, asked.id).assigned_to == world.alice.actor.label
    assert "goes to Alice" in world.otto.get(world.otto.pages + MINE).text
    assert "for Alice instead of Otto, who is away" in world.bob.get(f"{world.bob.pages}/inbox").text
    world.otto.post(f"{world.otto.pages}{MINE}/back")
    assert absences.of(room.db, world.otto.actor.label) is None


def test_the_same_over_http(world: World, room: Room, web: WebSink) -> None:
    api = f"{world.alice.api}/notices"
    assert world.alice.get(f"{api}/wishes").json()["kinds"]["mine"] == ["email"]
    made = world.alice.post(f"{api}/channels", json={"kind": "webhook", "url": web.url}).json()
    assert made["secret"].startswith("whsec_")
    assert "secret" not in world.alice.get(f"{api}/channels").json()["items"][0]
    changed = world.alice.patch(f"{api}/wishes", json={"kinds": {"mine": [made["id"]]}, "quiet": None}).json()
    assert (changed["kinds"]["mine"], changed["kinds"]["failures"]) == ([made["id"]], [])
    assert world.alice.post(f"{api}/channels/{made['id']}/test").json()["state"] == "sent"
    away = world.alice.put(f"{api}/absence", json={"until": "2099-01-01", "stand_in": "otto@acme.test"}).json()
    assert away["stand_in"] == world.otto.actor.label
    strange = world.alice.put(f"{api}/absence", json={"until": "2099-01-01", "stand_in": "eve@evil.test"})
    assert (strange.status_code, list(strange.json()["errors"])) == (400, ["stand_in"])
    assert world.alice.delete(f"{api}/absence").status_code == 204
    assert world.alice.delete(f"{api}/channels/{made['id']}").status_code == 204
    assert world.alice.patch(f"{api}/wishes", json={"quiet": {"starts": "x"}}).status_code == 400


def test_a_key_has_no_notifications_of_its_own(world: World, room: Room) -> None:
    with world.control() as control:
        secret = keys.create(control, world.alice.actor, world.acme.id, NewKey("ci", "admin")).secret
    program = world.program(secret)
    assert program.get("/api/v1/notices/wishes").status_code == 403
    assert program.get("/api/v1/notices/channels").status_code == 403
    assert program.get("/api/v1/notices/channels?common=true").json()["items"] == []
    assert program.get("/api/v1/notices").json() == {"items": [], "next_cursor": None, "counts": {}}


def test_a_secret_is_not_answered_twice(world: World, room: Room) -> None:
    new = {"kind": "webhook", "url": "https://hooks.test/in"}
    answers = [
        world.alice.post(f"{world.alice.api}/notices/channels", json=new, headers={"Idempotency-Key": "k"}).json()
        for _ in range(2)
    ]
    assert answers[0]["id"] == answers[1]["id"] and answers[0]["secret"] and not answers[1]["secret"]


@pytest.mark.parametrize("path", [MINE, "/settings/channels", "/settings/deliveries"])
def test_charlie_gets_404(world: World, path: str) -> None:
    assert world.charlie.get(f"/t/acme{path}").status_code == 404
    for tail in ("", "/wishes", "/channels"):
        assert world.charlie.get(f"/api/v1/t/acme/notices{tail}").status_code == 404
