"""The address that programs outside post to, and the API that makes, lists and revokes it."""

from typing import Any

import httpx
import pytest

from appliance.domain import hook_receiving, runs, signals, throttle
from appliance.domain.runs import Run
from appliance.domain.signals import PAYLOAD_BYTES, Signal
from tests.web import work
from tests.world import Theatre, World

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def path(world: World) -> str:
    """A hook of task #1, which has a queued run."""
    work.connect(world)
    work.hire(world)
    work.hand_out(world, assignee="mara")
    return make(world)


def make(world: World, number: int = 1) -> str:
    made = world.otto.post(f"{world.otto.api}/tasks/{number}/hooks", json={"name": "paid"})
    assert made.status_code == 201
    return str(httpx.URL(made.json()["url"]).path)


def kept(world: World) -> list[Signal]:
    with world.db() as db:
        return signals.of_run(db, db.rows("SELECT id FROM runs")[0]["id"])


def end(world: World, run: Run) -> None:
    with world.db() as db, db.transaction():
        runs.end(db, run, "failed")


def program(world: World) -> httpx.Client:
    """Somebody's server: neither cookie nor key."""
    client = world.program("")
    del client.headers["authorization"]
    return client


def test_an_operator_makes_lists_and_revokes_a_hook(world: World, path: str) -> None:
    api = f"{world.otto.api}/tasks/1/hooks"
    (listed,) = world.bob.get(api).json()["items"]
    assert (listed["name"], listed["used_at"], listed["revoked_at"]) == ("paid", None, None)
    assert path.rpartition("/")[2] not in world.alice.get(api).text
    assert world.otto.delete(f"{api}/{listed['id']}").status_code == 204
    assert world.bob.get(api).json()["items"][0]["revoked_at"]
    assert program(world).post(path).status_code == 404


def test_a_repeated_create_makes_one_hook_and_does_not_tell_its_address_again(world: World, path: str) -> None:
    api = f"{world.otto.api}/tasks/1/hooks"
    once = [world.otto.post(api, json={"name": "x"}, headers={"Idempotency-Key": "k"}).json() for _ in range(2)]
    assert once[0]["id"] == once[1]["id"]
    assert once[0]["url"].startswith("http://127.0.0.1:8420/hooks/hook_") and once[1]["url"] == ""


def test_who_may_not_make_list_or_revoke_hooks(world: World, path: str) -> None:
    api = f"{world.alice.api}/tasks/1/hooks"
    hook_id = world.alice.get(api).json()["items"][0]["id"]
    assert world.bob.post(api, json={"name": "x"}).status_code == 403
    assert world.bob.delete(f"{api}/{hook_id}").status_code == 403
    for base in (api, api.replace("/acme/", "/globex/")):
        assert world.charlie.get(base).status_code == 404
        assert world.charlie.post(base, json={"name": "x"}).status_code == 404
        assert world.charlie.delete(f"{base}/{hook_id}").status_code == 404
    assert world.stranger.get(api).status_code == 401
    assert program(world).post(path).json()["accepted"]


@pytest.mark.parametrize(
    ("kind", "body", "payload"),
    [
        ("application/json", b'{"amount": 5, "tags": ["a"]}', {"amount": 5, "tags": ["a"]}),
        ("application/json; charset=utf-8", b"[1, null]", [1, None]),
        ("application/cloudevents+json", b'"go"', "go"),
        (FORM, b"who=Zo%C3%AB+K&to=&tag=a&tag=b", {"who": "Zoë K", "to": "", "tag": ["a", "b"]}),
        ("text/plain", "tschüss\0".encode(), {"text": "tschüss\0"}),
        ("application/xml", b"<a/>", {"text": "<a/>"}),
        ("", b'{"a": 1}', {"text": '{"a": 1}'}),
        ("application/json", b"", None),
    ],
)
def test_what_is_posted_becomes_the_payload(world: World, path: str, kind: str, body: bytes, payload: Any) -> None:
    answer = program(world).post(path, content=body, headers={"content-type": kind} if kind else {})
    assert (answer.status_code, answer.json()["accepted"]) == (200, True)
    assert [signal.payload for signal in kept(world)] == [payload]


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("application/json", b'{"amount": ', 400, "bad_json"),
        ("application/json", b"\xff", 400, "bad_json"),
        ("application/json", b"[" * 50_000, 400, "bad_json"),
        ("application/json", b"[" * 200 + b"]" * 200, 400, "invalid"),
        ("text/plain", b"\xff\xfe", 415, "unsupported_media_type"),
        ("multipart/form-data; boundary=x", b"--x--", 415, "unsupported_media_type"),
        ("text/plain", b"x" * (PAYLOAD_BYTES + 1), 413, "too_large"),
        ("text/plain", b"\n" * PAYLOAD_BYTES, 413, "too_large"),
    ],
)
def test_what_no_state_of_the_work_would_change_is_a_problem(
    world: World, path: str, kind: str, body: bytes, status: int, code: str
) -> None:
    answer = program(world).post(path, content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert kept(world) == []


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("no run", "The task has no run yet."),
        ("run ended", "The run has ended (failed); no signal reaches it."),
        ("task ended", "The task is cancelled."),
        ("tenant suspended", "The tenant is suspended."),
    ],
)
def test_mistake_35_a_refusal_of_the_business_is_200_with_a_reason(
    world: World, path: str, state: str, reason: str
) -> None:
    if state == "no run":
        path = make(world, work.hand_out(world).number)
    elif state == "run ended":
        end(world, work.begin(world))
    elif state == "task ended":
        assert world.otto.post(f"{world.otto.api}/tasks/1/cancel").status_code == 200
    else:
        with world.control() as control:
            control.update("tenants", {"id": world.acme.id}, state="suspended")
    answer = program(world).post(path, json={"amount": 5})
    assert (answer.status_code, answer.json()) == (200, {"accepted": False, "reason": reason})
    assert kept(world) == []


@pytest.mark.parametrize("header", ["Idempotency-Key", "X-GitHub-Delivery", "webhook-id"])
def test_a_repeated_delivery_is_accepted_and_sends_nothing(world: World, path: str, header: str) -> None:
    for n in range(3):
        answer = program(world).post(path, json=n, headers={header: "72d3162e"})
        assert (answer.status_code, answer.json()["accepted"]) == (200, True)
    assert program(world).post(path, json=9, headers={header: "other"}).json()["accepted"]
    assert [signal.payload for signal in kept(world)] == [0, 9]
    end(world, work.begin(world))
    assert program(world).post(path, json=0, headers={header: "72d3162e"}).json()["accepted"]


def test_a_wrong_address_gets_a_problem_whoever_asks_and_never_a_page(world: World, path: str) -> None:
    wrong = [program(world).post(p) for p in (path + "x", "/hooks/x")] + [world.alice.post("/hooks/" + "x" * 5000)]
    assert {(a.status_code, a.json()["code"], a.json()["detail"]) for a in wrong} == {
        (404, "not_found", "There is no such hook.")
    }
    for answer in (world.alice.get(path), program(world).put(path), program(world).delete(path)):
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_a_delivery_needs_no_session_and_leaves_nothing_in_a_browser_or_cache(world: World, path: str) -> None:
    foreign = {"origin": "https://shop.test", "sec-fetch-site": "cross-site"}
    answer = program(world).post(path, json=1, headers=foreign)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "set-cookie" not in answer.headers and "location" not in answer.headers


def test_guessing_addresses_is_slowed_down_and_a_right_one_never_waits(world: World, path: str) -> None:
    missed = [program(world).post(f"/hooks/{n}") for n in range(throttle.FREE_ADDRESS + 1)]
    assert {answer.status_code for answer in missed[:-1]} == {404}
    assert (missed[-1].status_code, int(missed[-1].headers["retry-after"])) == (429, throttle.FIRST_WAIT)
    assert program(world).post(path, json=1).json()["accepted"]
    credentials = {"email": "alice@acme.test", "password": "correct horse battery"}
    assert world.stranger.post("/login", data=credentials).status_code == 303


def test_the_log_of_a_crash_does_not_tell_the_address(
    world: World, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hook_receiving, "receive", lambda *_: 1 // 0)
    with caplog.at_level("DEBUG"):
        answer = program(world).post(path, json=1)
    # The client of this test logs what it asks for; everything else is ours.
    told = "".join(record.getMessage() for record in caplog.records if record.name != "httpx")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "/hooks/[secret] failed" in told
    assert path.rpartition("/")[2] not in told + answer.text


def test_the_task_page_and_the_activity_tell_of_it(world: World, path: str) -> None:
    assert "not used yet" in world.bob.get(f"{world.bob.pages}/tasks/1").text
    program(world).post(path, json=1)
    page = world.bob.get(f"{world.bob.pages}/tasks/1").text
    assert "<dt>Hooks</dt>" in page and "not used yet" not in page
    assert "A hook" in world.bob.get(f"{world.bob.pages}/activity").text


def test_the_address_is_made_from_the_public_one(world: World, path: str, theatre: Theatre) -> None:
    public = World(world.catalogue, world.play, theatre, world.catalogue.folder, public_url="https://a.test/")
    made = public.otto.post(f"{public.otto.api}/tasks/1/hooks", json={"name": "x"})
    assert made.json()["url"].startswith("https://a.test/hooks/hook_")
