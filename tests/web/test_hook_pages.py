"""The settings tab of webhooks, and the API behind it."""

import html
import re
from typing import Any

import httpx
import pytest

from tests.web import hooking, work
from tests.world import World

FIELDS = {"kind": "task", "name": "Ticket desk", "title": "Look at ${{ body.subject }}"}


def home(world: World) -> str:
    return f"{world.otto.pages}/settings/hooks"


def submit(world: World, **fields: str) -> httpx.Response:
    return world.otto.post(home(world), data=FIELDS | fields)


def secrets_in(page: str) -> list[str]:
    return [re.sub(r"\s", "", found) for found in re.findall(r'<code class="secret[^>]*>([^<]+)</code>', page)]


def test_without_a_hook_the_page_says_how_to_begin(world: World) -> None:
    page = world.otto.get(home(world)).text
    assert "No webhook yet" in page and "curl --json" in page and f"{home(world)}/new" in page
    assert f"{home(world)}/new" not in world.bob.get(home(world)).text


def test_the_form_begins_with_what_a_delivery_does(world: World) -> None:
    page = world.otto.get(f"{home(world)}/new").text
    for kind in ("task", "workflow", "signal", "instance"):
        assert f"{home(world)}/new?kind={kind}" in page
        assert 'method="post"' in world.otto.get(f"{home(world)}/new?kind={kind}").text


def test_address_and_secret_are_shown_once(world: World) -> None:
    made = submit(world, scheme="github")
    address, secret = secrets_in(made.text)
    assert made.headers["cache-control"] == "no-store"
    for part in (address, secret):
        assert f'data-copy="{part}"' in made.text
        for person in (world.otto, world.alice, world.bob):
            listed = person.get(home(world)).text
            assert part not in listed and "Ticket desk" in listed
    hook = {"url": address, "secret": secret}
    assert hooking.github(world, hook, {"subject": "A"}).json()["accepted"]


@pytest.mark.parametrize(
    ("field", "typed", "fields"),
    [
        ("title", "${{ boddy.x }}", {"title": "${{ boddy.x }}"}),
        ("name", " ", {"name": " "}),
        ("only_if", "body.x", {"only_if": "body.x"}),
        ("per_minute", "lots", {"per_minute": "lots"}),
        ("inputs", "{nothing", {"kind": "workflow", "workflow": "order", "inputs": "{nothing"}),
        ("workflow", "Ticket desk", {"kind": "workflow", "workflow": "nothing"}),
        ("task", "99", {"kind": "signal", "task": "99"}),
        ("expires", "soon", {"expires": "soon"}),
        ("header", "", {"scheme": "header"}),
    ],
)
def test_a_fault_stands_beside_its_field_and_what_was_typed_stays(
    world: World, field: str, typed: str, fields: dict[str, str]
) -> None:
    page = submit(world, **fields)
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    assert typed.strip().replace("'", "&#39;") in page.text
    with world.control() as control:
        assert control.rows("SELECT * FROM hooks") == []


def test_a_hook_is_edited_with_the_fields_it_has(world: World) -> None:
    submit(world, labels="a, b", only_if="${{ body.subject != 'x' }}", expires="30d")
    path = _path(world)
    page = world.otto.get(f"{path}/edit").text
    for shown in ("Look at ${{ body.subject }}", "a, b", "Ticket desk"):
        assert shown in page
    before = _hook(world)["expires_at"]
    fields = FIELDS | {"name": "Desk 2", "per_minute": "5", "same_body_s": "60", "expires": before[:16]}
    saved = world.otto.post(f"{path}/edit", data=fields | {"expires_before": before[:16]})
    assert saved.status_code == 303
    hook = _hook(world)
    assert (hook["name"], hook["only_if"], hook["per_minute"], hook["expires_at"]) == ("Desk 2", "", 5, before)
    assert world.otto.post(f"{path}/edit", data=fields | {"title": ""}).status_code == 422


def test_an_edit_keeps_what_the_form_does_not_show(world: World) -> None:
    checks = [{"kind": "contains", "spec": {"text": "done"}}]
    fields = {"title": "Look", "labels": ["a"], "checks": checks, "due_at": "${{ body.due }}"}
    made = hooking.make(world, {"kind": "task", "fields": fields})
    edited = FIELDS | {"title": "Read", "labels": ""}
    assert world.otto.post(f"{home(world)}/{made['id']}/edit", data=edited).status_code == 303
    target = world.otto.get(f"{world.otto.api}/hooks/{made['id']}").json()["target"]["fields"]
    assert target == {"title": "Read", "checks": checks, "due_at": "${{ body.due }}"}


def test_words_as_a_payload_survive_an_edit(world: World) -> None:
    hooking.order(world)
    target = {"kind": "instance", "signal": "paid", "workflow": "order", "key": "${{ body.id }}", "payload": "cash"}
    made = hooking.make(world, target)
    page = world.otto.get(f"{home(world)}/{made['id']}/edit").text
    typed = html.unescape(re.findall(r'<textarea[^>]*name="payload"[^>]*>([^<]*)</textarea>', page)[0])
    fields = {name: value for name, value in target.items() if name != "payload"} | {"name": "Paid", "payload": typed}
    assert world.otto.post(f"{home(world)}/{made['id']}/edit", data=fields).status_code == 303
    assert world.otto.get(f"{world.otto.api}/hooks/{made['id']}").json()["target"]["payload"] == "cash"


def test_the_verbs_of_a_hook(world: World) -> None:
    submit(world)
    path = _path(world)
    for verb, state in (("pause", "paused"), ("resume", "active")):
        assert world.otto.post(f"{path}/{verb}").status_code == 303
        assert _hook(world)["state"] == state
    [address] = secrets_in(world.otto.post(f"{path}/rotate").text)
    assert hooking.post(world, {"url": address}, {"subject": "A"}).json()["accepted"]
    [secret] = secrets_in(world.otto.post(f"{path}/secret", data={"scheme": "github"}).text)
    assert hooking.github(world, {"url": address, "secret": secret}, {"subject": "B"}).json()["accepted"]
    assert world.otto.post(f"{path}/secret", data={"secret": "short"}).status_code == 422
    given = world.otto.post(f"{path}/secret", data={"secret": "their secret is 1"}, follow_redirects=True)
    assert "The secret was changed." in given.text and "their secret is 1" not in given.text
    assert world.otto.post(f"{path}/secret", data={"scheme": ""}).status_code == 303
    assert hooking.post(world, {"url": address}, {"subject": "C"}).json()["accepted"]
    assert world.otto.post(f"{path}/revoke").status_code == 303
    assert hooking.post(world, {"url": address}, {"subject": "D"}).status_code == 404
    assert "Revoked" in world.otto.get(home(world)).text


def test_a_delivery_has_a_page_with_headers_body_and_what_it_made(world: World) -> None:
    hook = hooking.make(world)
    hooking.post(world, hook, {"subject": "<b>bold</b>"}, headers={"x-odd": "<i>", "authorization": "Bearer abc"})
    [one] = hooking.log(world, hook)
    page = world.bob.get(f"{home(world)}/{hook['id']}").text
    assert f"/deliveries/{one.id}" in page and "Task #1 was made." in page
    shown = world.bob.get(f"{home(world)}/{hook['id']}/deliveries/{one.id}").text
    assert "&lt;b&gt;bold" in shown and "&lt;i&gt;" in shown and f"{world.bob.pages}/tasks/1" in shown
    assert "Bearer" not in shown and "<b>bold" not in shown and one.body_digest in shown
    assert "Replay" not in shown.replace("Replays", "")
    task = world.bob.get(f"{world.bob.pages}/tasks/1").text
    assert "a webhook" in task and f"{hook['id']}/deliveries/{one.id}" in task


def test_a_replay_asks_before_a_second_effect(world: World) -> None:
    hook = hooking.make(world)
    hooking.post(world, hook, {"subject": "A"})
    [one] = hooking.log(world, hook)
    path = f"{home(world)}/{hook['id']}/deliveries/{one.id}/replay"
    asked = world.otto.post(path)
    assert asked.status_code == 422 and "agree to have it done once more" in asked.text
    done = world.otto.post(path, data={"confirm": "true"}, follow_redirects=True)
    assert "Task #2 was made." in done.text and hooking.titles(world) == ["Look at A"] * 2
    assert world.bob.post(path, data={"confirm": "true"}).status_code == 403


def test_a_body_is_tried_and_nothing_kept(world: World) -> None:
    hook = hooking.make(world)
    path = f"{home(world)}/{hook['id']}/try"
    assert "Task #1 was made. Nothing was kept." in world.otto.post(path, data={"sample": '{"subject": "A"}'}).text
    wrong = world.otto.post(path, data={"sample": "{"})
    assert wrong.status_code == 400 and "not valid JSON" in wrong.text
    assert hooking.titles(world) == [] and hooking.log(world, hook) == []


def test_the_api_does_what_the_pages_do(world: World) -> None:
    hook = hooking.make(world, signing={"scheme": "standard"})
    api = f"{world.otto.api}/hooks"
    assert hook["secret"].startswith("whsec_")
    [listed] = world.bob.get(api).json()["items"]
    assert listed["target"] == hooking.TASK and "secret" not in listed and "url" not in listed
    assert world.otto.patch(f"{api}/{hook['id']}", json={"only_if": "${{ x }}"}).status_code == 400
    assert world.otto.patch(f"{api}/{hook['id']}", json={"per_minute": 9}).json()["per_minute"] == 9
    renewed = world.otto.post(f"{api}/{hook['id']}/secret", json={"keep_s": 60}).json()
    assert renewed["secret"] != hook["secret"] and renewed["old_secret_until"]
    tried = world.otto.post(f"{api}/{hook['id']}/test", json={"body": {"subject": "A"}}).json()
    assert tried == {"accepted": True, "reason": "Task #1 was made. Nothing was kept."}
    plain = hooking.make(world)
    hooking.post(world, plain, {"subject": "A"})
    [line] = world.bob.get(f"{api}/{plain['id']}/deliveries?outcome=accepted").json()["items"]
    assert "body" not in line and line["reason"] == "Task #1 was made."
    whole = world.bob.get(f"{api}/{plain['id']}/deliveries/{line['id']}").json()
    assert whole["body"] == '{"subject":"A"}'
    replay = f"{api}/{plain['id']}/deliveries/{line['id']}/replay"
    assert world.otto.post(replay, json={}).json()["errors"]["confirm"]
    keyed = [world.otto.post(replay, json={"confirm": True}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [one.status_code for one in keyed] == [201, 201] and len(hooking.titles(world)) == 2


def test_a_repeated_create_does_not_tell_address_and_secret_again(world: World) -> None:
    given = {"name": "x", "target": hooking.TASK, "signing": {"scheme": "github"}}
    headers = {"Idempotency-Key": "k"}
    once = [world.otto.post(f"{world.otto.api}/hooks", json=given, headers=headers).json() for _ in range(2)]
    assert once[0]["id"] == once[1]["id"] and once[0]["url"] and once[0]["secret"]
    assert (once[1]["url"], once[1]["secret"]) == ("", "")


ROUTES = [("get", ""), ("patch", ""), ("delete", ""), ("post", "/pause"), ("post", "/resume"), ("post", "/rotate")]
ROUTES += [("post", "/secret"), ("post", "/test"), ("get", "/deliveries"), ("get", "/deliveries/{one}")]
ROUTES += [("post", "/deliveries/{one}/replay")]
PAGES = [("get", ""), ("get", "/edit"), ("post", "/edit"), ("post", "/pause"), ("post", "/resume"), ("post", "/rotate")]
PAGES += [("post", "/secret"), ("post", "/revoke"), ("post", "/try"), ("get", "/deliveries/{one}")]
PAGES += [("post", "/deliveries/{one}/replay")]


def test_charlie_gets_404_for_every_route_of_a_hook(world: World) -> None:
    hook = hooking.make(world)
    hooking.post(world, hook, {"subject": "A"})
    one = hooking.log(world, hook)[0].id
    for tenant in ("acme", "globex"):
        api, pages = f"/api/v1/t/{tenant}/hooks/{hook['id']}", f"/t/{tenant}/settings/hooks/{hook['id']}"
        for verb, rest in ROUTES:
            given: dict[str, Any] = {"json": {}} if verb in ("post", "patch") else {}
            answer = world.charlie.request(verb, api + rest.format(one=one), **given)
            assert (answer.status_code, answer.json()["code"]) == work.STRANGER_GETS, rest
        for verb, rest in PAGES:
            given = {"data": {"kind": "task", "name": "x", "title": "x"}} if verb == "post" else {}
            assert world.charlie.request(verb, pages + rest.format(one=one), **given).status_code == 404, rest
    assert hooking.post(world, hook, {"subject": "B"}).json()["accepted"]


def test_a_viewer_reads_and_changes_nothing(world: World) -> None:
    hook = hooking.make(world)
    hooking.post(world, hook, {"subject": "A"})
    one = hooking.log(world, hook)[0].id
    for verb, rest in ROUTES:
        given: dict[str, Any] = {"json": {}} if verb in ("post", "patch") else {}
        answer = world.bob.request(verb, f"{world.bob.api}/hooks/{hook['id']}{rest.format(one=one)}", **given)
        assert answer.status_code == (200 if verb == "get" else 403), rest
        assert httpx.URL(hook["url"]).path not in answer.text
    for verb, rest in PAGES:
        answer = world.bob.request(verb, f"{home(world)}/{hook['id']}{rest.format(one=one)}", data={})
        assert answer.status_code == (200 if verb == "get" and rest != "/edit" else 403), rest
    assert world.bob.get(f"{home(world)}/new").status_code == 403


def _hook(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.otto.get(f"{world.otto.api}/hooks").json()["items"][0]
    return found


def _path(world: World) -> str:
    return f"{home(world)}/{_hook(world)['id']}"
