"""What a sender is answered, by HTTP, and what stands in the log afterwards."""

import time
from typing import Any

import httpx
import pytest

from appliance.domain import hook_receiving, hooks
from appliance.errors import Problem
from tests.web import hooking
from tests.world import World


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["code"]


def test_a_task_is_made_and_its_number_told(world: World) -> None:
    hook = hooking.make(world)
    answer = hooking.post(world, hook, {"subject": "the printer"})
    [one] = hooking.log(world, hook)
    assert (answer.status_code, answer.json()) == (
        200,
        {"accepted": True, "reason": "Task #1 was made.", "delivery": one.id, "task": 1},
    )
    assert hooking.titles(world) == ["Look at the printer"]


def test_mistake_35_a_repeated_delivery_gets_the_first_answer_and_says_so(world: World) -> None:
    hook = hooking.make(world)
    answers = [hooking.post(world, hook, {"subject": n}, headers={"webhook-id": "w"}) for n in (1, 2)]
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true"]
    assert answers[0].json() == answers[1].json()
    assert hooking.titles(world) == ["Look at 1"]


@pytest.mark.parametrize("state", ["paused", "suspended", "inputs", "archived"])
def test_mistake_35_what_the_state_of_the_work_forbids_is_200_with_a_reason(world: World, state: str) -> None:
    hook = hooking.order(world)
    said = {
        "paused": "The hook is paused.",
        "suspended": "The tenant is suspended.",
        "archived": "There is no such workflow.",
    }
    if state == "paused":
        assert world.otto.post(f"{world.otto.api}/hooks/{hook['id']}/pause").json()["state"] == "paused"
    elif state == "suspended":
        with world.control() as control:
            control.update("tenants", {"id": world.acme.id}, state="suspended")
    elif state == "archived":
        with world.db() as db:
            db.execute("UPDATE workflows SET archived_at = '2026-01-01'")
    answer = hooking.post(world, hook, {"id": "seven" if state == "inputs" else 7})
    assert (answer.status_code, answer.json()["accepted"]) == (200, False)
    if state == "inputs":
        assert list(answer.json()["errors"]) == ["inputs.order"]
    else:
        assert answer.json() == {"accepted": False, "reason": said[state]}
    assert [one.outcome for one in hooking.log(world, hook)] == ["refused"]


def test_mistake_35_a_fault_of_the_request_is_4xx_and_never_200(world: World) -> None:
    hook = hooking.make(world, signing={"scheme": "github"})
    assert problem_of(hooking.post(world, hook, {"subject": "A"})) == (401, "bad_signature")
    assert problem_of(hooking.github(world, hook, {"subject": "A"}, secret="not the secret")) == (401, "bad_signature")
    assert hooking.github(world, hook, {"subject": "A"}).json()["accepted"]
    assert hooking.titles(world) == ["Look at A"]


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_beyond_the_limit_is_413_and_logged(world: World, declared: bool) -> None:
    hook = hooking.make(world)
    body = b"x" * (hook_receiving.BODY_BYTES + 1)
    path = httpx.URL(hook["url"]).path
    content = body if declared else iter([body[: 2**19], body[2**19 :]])
    answer = hooking.program(world).post(path, content=content, headers={"content-type": "text/plain"})
    assert problem_of(answer) == (413, "too_large")
    [one] = hooking.log(world, hook)
    assert (one.outcome, one.status, len(one.body), one.whole) == ("too_large", 413, 64 * 1024, False)


def test_trouble_of_the_box_is_503_with_when_to_come_again_and_tells_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hook = hooking.make(world)
    full = Problem("disk_full", "The disk of /srv/data is full.")

    def fail(*_: Any) -> None:
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(hook_receiving, "carry_out", fail)
        answer = hooking.post(world, hook, {"subject": "A"}, headers={"webhook-id": "w"})
    assert problem_of(answer) == (503, "unavailable") and answer.headers["retry-after"] == "30"
    assert "/srv/data" not in answer.text and "/srv/data" in caplog.text
    assert hooking.titles(world) == [] and hooking.log(world, hook) == []
    assert hooking.post(world, hook, {"subject": "A"}, headers={"webhook-id": "w"}).json()["accepted"]


def test_a_locked_box_is_503_and_no_signature_fault(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = hooking.make(world, signing={"scheme": "github"})
    with world.control() as control:
        control.execute("UPDATE hooks SET generation = generation + 1")
    answer = hooking.github(world, hook, {"subject": "A"})
    assert problem_of(answer) == (503, "unavailable") and answer.headers["retry-after"] == "30"


def test_too_many_requests_are_429_with_the_seconds(world: World) -> None:
    hook = hooking.make(world, per_minute=2)
    answers = [hooking.post(world, hook, {"subject": str(n)}) for n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    shown = world.bob.get(f"{world.bob.api}/hooks/{hook['id']}").json()
    assert shown["turned_away"] == 1


@pytest.mark.parametrize("end", ["revoked", "expired", "rotated"])
def test_an_address_that_is_over_is_as_unknown_as_any(world: World, end: str) -> None:
    hook = hooking.make(world)
    api = f"{world.otto.api}/hooks/{hook['id']}"
    if end == "revoked":
        assert world.otto.delete(api).status_code == 204
    elif end == "expired":
        with world.control() as control:
            control.update("hooks", {"id": hook["id"]}, expires_at="2026-01-01T00:00:00.000000Z")
    else:
        renewed = world.otto.post(f"{api}/rotate").json()
        assert hooking.post(world, renewed, {"subject": "A"}).json()["accepted"]
    answer = hooking.post(world, hook, {"subject": "B"})
    assert problem_of(answer) == (404, "not_found")
    assert answer.json()["detail"] == "There is no such hook."


def test_github_pings_and_slack_asks_for_its_challenge(world: World) -> None:
    hook = hooking.make(world, signing={"scheme": "github"})
    assert hooking.github(world, hook, {"zen": "x"}, "ping").json() == {
        "accepted": True,
        "reason": "GitHub's ping arrived.",
    }
    plain = hooking.make(world)
    challenge = {"type": "url_verification", "token": "x", "challenge": "3eZbrw1aB"}
    assert hooking.post(world, plain, challenge).json() == {"challenge": "3eZbrw1aB"}
    assert hooking.titles(world) == []


def test_stripe_signs_with_the_time_and_names_its_event(world: World) -> None:
    hook = hooking.make(world, {"kind": "task", "fields": {"title": "${{ body.type }}"}}, signing={"scheme": "stripe"})

    def stripe(event: str, ago: int = 0) -> httpx.Response:
        return hooking.stripe(world, hook, {"id": event, "type": "invoice.paid", "livemode": False}, ago)

    assert stripe("evt_1").json()["accepted"]
    assert stripe("evt_1").headers["idempotent-replayed"] == "true"
    assert problem_of(stripe("evt_2", 301)) == (401, "bad_signature")
    assert stripe("evt_00000000000000").json()["reason"] == "Stripe's test event arrived."
    assert hooking.titles(world) == ["invoice.paid"]


def test_a_form_of_slack_is_read_by_its_payload(world: World) -> None:
    hook = hooking.make(
        world, {"kind": "task", "fields": {"title": "${{ body.callback }}"}}, signing={"scheme": "slack"}
    )
    answer = hooking.slack(world, hook, b"payload=%7B%22callback%22%3A%20%22deploy%22%7D", int(time.time()))
    assert answer.json()["accepted"] and hooking.titles(world) == ["deploy"]


def test_an_address_issued_before_still_signals_its_task(world: World) -> None:
    """As the migration leaves a row that an earlier version wrote."""
    hook = hooking.make(world)
    with world.db() as db:
        db.execute("UPDATE tasks SET run_id = NULL")
    with world.control() as control:
        row = {"id": "old", "digest": "d", "tenant_id": world.acme.id, "task_id": "t", "name": "paid"}
        control.insert(
            "hooks", row | {"created_by": "x", "created_at": "2026", "target": '{"kind":"signal","task":"t"}'}
        )
        found = hooks.get(control, world.acme.id, "old")
    assert (found.kind, found.state, found.per_minute, found.signing.scheme) == ("signal", "active", 60, "")
    assert hook["id"] != found.id
