"""What becomes of a request to a live hook: carried out once, answered, logged."""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from appliance import clock, redaction
from appliance.domain import hook_deliveries, hook_rates, hook_receiving, hooks
from appliance.domain.hook_signatures import Signing
from appliance.domain.hook_task_targets import StartTask, TaskSignal
from appliance.errors import Problem
from tests.domain.hooking import Make, Outside
from tests.world import World

BROKEN = {"subject": "A", "nested": {"id": 7}}


def refused(outside: Outside, body: Any = None, **headers: str) -> Problem:
    with pytest.raises(Problem) as caught:
        outside.post(body, **headers)
    return caught.value


def test_a_delivery_makes_a_task_and_the_log_leads_to_it(outside: Make) -> None:
    desk = outside()
    answer = desk.post({"subject": "the printer"}).answer
    [one] = desk.log
    assert desk.made == ["Look at the printer"]
    assert (answer.accepted, answer.task, answer.delivery) == (True, 1, one.id)
    assert (one.outcome, one.status, one.address, one.answer) == ("accepted", 200, "192.0.2.7", answer)
    assert (one.body, one.body_bytes, one.whole) == ('{"subject":"the printer"}', 25, True)
    event = desk.db.rows("SELECT actor, task_id FROM events WHERE kind = 'hook.delivered'")
    assert event == [{"actor": f"hook:{desk.id}", "task_id": one.task_id}]


@pytest.mark.parametrize("header", ["idempotency_key", "x_github_delivery", "webhook_id"])
def test_mistake_35_the_same_delivery_again_gets_the_first_answer_and_does_nothing(outside: Make, header: str) -> None:
    desk = outside()
    first = desk.post({"subject": "A"}, **{header: "d-1"})
    again = desk.post({"subject": "B"}, **{header: "d-1"})
    assert (again.answer, again.repeated, first.repeated) == (first.answer, True, False)
    assert desk.made == ["Look at A"]
    assert desk.outcomes == ["accepted", "repeated"]
    assert desk.log[1].repeat_of == desk.log[0].id
    desk.post({"subject": "C"}, **{header: "d-2"})
    assert desk.made == ["Look at A", "Look at C"]


@pytest.mark.parametrize(("path", "body"), [("nested.id", BROKEN), ("subject", {"subject": "A"})])
def test_a_delivery_is_named_by_a_place_in_its_body(outside: Make, path: str, body: Any) -> None:
    desk = outside(idem_path=path)
    assert [desk.post(body).repeated for _ in range(2)] == [False, True]
    # Where nothing stands at the place, every post counts.
    assert [desk.post({"subject": {"no": "name"}}).repeated for _ in range(2)] == [False, False]


def test_a_repeated_request_is_known_by_the_name_that_is_signed(outside: Make) -> None:
    """Whoever overheard it can add a header that is not signed."""
    desk = outside(signing=Signing("github"), idem_path="id")
    assert [desk.github({"subject": "A", "id": "1"}, **more).repeated for more in NAMES] == [False, True, True]
    assert desk.made == ["Look at A"]


def test_a_repeated_standard_webhook_is_known_by_its_signed_id(outside: Make) -> None:
    desk = outside(signing=Signing("standard"))
    stamp = str(int(clock.now().timestamp()))
    key = base64.b64decode(desk.secret.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.digest(key, f'm1.{stamp}.{{"subject":"A"}}'.encode(), hashlib.sha256)).decode()
    signed = {"webhook_id": "m1", "webhook_timestamp": stamp, "webhook_signature": f"v1,{mac}"}
    assert [desk.post({"subject": "A"}, **signed, **more).repeated for more in NAMES] == [False, True, True]


NAMES: list[dict[str, str]] = [{}, {"idempotency_key": "other"}, {"x_github_delivery": "other"}]


def test_the_same_body_counts_once_for_as_long_as_the_hook_says(outside: Make) -> None:
    desk = outside(same_body_s=60)
    assert [desk.post({"subject": "A"}).repeated for _ in range(2)] == [False, True]
    assert not desk.post({"subject": "B"}).repeated
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        assert [desk.post({"subject": "A"}).repeated for _ in range(2)] == [False, True]
    assert desk.made == ["Look at A", "Look at B", "Look at A"]


def test_without_a_name_the_same_body_counts_each_time(outside: Make) -> None:
    desk = outside()
    assert [desk.post({"subject": "A"}).repeated for _ in range(2)] == [False, False]


def test_a_refused_delivery_may_come_again_under_its_name(outside: Make, world: World) -> None:
    desk = outside()
    hooks.pause(desk.control, world.otto.actor, world.acme.id, desk.id)
    assert desk.post({"subject": "A"}, webhook_id="1").answer == hook_deliveries.Answer(False, "The hook is paused.")
    hooks.resume(desk.control, world.otto.actor, world.acme.id, desk.id)
    assert desk.post({"subject": "A"}, webhook_id="1").answer.accepted
    assert desk.outcomes == ["refused", "accepted"]


def test_mistake_35_a_value_that_is_missing_is_a_refusal_that_leaves_nothing(outside: Make) -> None:
    desk = outside(StartTask({"title": "A", "assignee": "${{ body.who }}"}))
    for body, said in (({}, "who"), ({"who": "nobody"}, "there is no agent 'nobody'")):
        answer = desk.post(body, webhook_id="1").answer
        assert not answer.accepted and said in answer.reason
    assert desk.made == [] and desk.outcomes == ["refused", "refused"]
    assert desk.db.rows("SELECT * FROM hook_receipts") == []


def test_a_condition_lets_through_what_is_meant(outside: Make) -> None:
    desk = outside(only_if="${{ headers['x-github-event'] == 'issues' and body.action == 'opened' }}")
    for event, action in (("push", "opened"), ("issues", "closed"), ("issues", "opened")):
        desk.post({"subject": event, "action": action}, x_github_event=event)
    assert desk.outcomes == ["skipped", "skipped", "accepted"]
    assert desk.log[0].reason == "The condition of the hook is not met."
    assert desk.made == ["Look at issues"]


def test_a_bad_signature_is_401_logged_and_does_nothing(outside: Make) -> None:
    desk = outside(signing=Signing("github"))
    assert desk.github({"subject": "A"}).answer.accepted
    assert refused(desk, {"subject": "B"}).status == 401
    with pytest.raises(Problem, match="does not fit"):
        desk.github({"subject": "C"}, secret="some other secret")
    assert desk.outcomes == ["accepted", "bad_signature", "bad_signature"]
    assert [one.status for one in desk.log] == [200, 401, 401]
    assert desk.made == ["Look at A"]


def test_secrets_and_signatures_are_in_no_table(outside: Make, world: World) -> None:
    desk = outside(signing=Signing("github"))
    tricky = {
        "authorization": "Bearer abc1234567",
        "cookie": "sid=abc",
        "x_gitlab_token": "glpat-1",
        "x_api_key": "k-1",
    }
    desk.github({"subject": f"leaks {desk.secret}"}, **tricky)
    kept = str(desk.control.rows("SELECT * FROM hooks")) + str(desk.db.rows("SELECT * FROM hook_deliveries"))
    kept += str(desk.db.rows("SELECT * FROM tasks")) + str(desk.control.rows("SELECT * FROM audit"))
    for secret in (desk.secret, "Bearer", "sid=abc", "glpat-1", "k-1", "sha256="):
        assert secret not in kept
    [one] = desk.log
    assert one.headers["x-hub-signature-256"] == redaction.MARK == one.headers["cookie"]
    # It is no longer what was sent, so it can't be replayed.
    assert redaction.MARK in one.body and not one.whole


@pytest.mark.parametrize(
    ("body", "headers", "code", "outcome"),
    [
        (b'{"a": ', {}, "bad_json", "unreadable"),
        (b"\xff\xfe", {"content_type": "text/plain"}, "unsupported_media_type", "unreadable"),
        (b"[" * 200 + b"]" * 200, {}, "invalid", "unreadable"),
        (b"{}", {"webhook_id": "x" * 256}, "invalid", "unreadable"),
    ],
)
def test_what_can_not_be_read_is_a_problem_and_logged(
    outside: Make, body: bytes, headers: dict[str, str], code: str, outcome: str
) -> None:
    desk = outside()
    problem = refused(desk, body, **headers)
    assert (problem.code, problem.status < 500) == (code, True)
    assert [(one.outcome, one.status, one.reason) for one in desk.log] == [(outcome, problem.status, problem.detail)]


def test_a_long_body_is_used_whole_and_kept_in_part(outside: Make) -> None:
    desk = outside()
    desk.post({"subject": "A", "rest": "x" * 200_000})
    [one] = desk.log
    assert (one.outcome, len(one.body), one.whole) == ("accepted", hook_deliveries.KEPT_BYTES, False)
    assert one.body_bytes > 200_000


def test_more_requests_than_allowed_are_429_with_the_seconds_to_wait(outside: Make) -> None:
    desk = outside(per_minute=3)
    now = clock.now()
    with clock.frozen(now):
        for n in range(3):
            desk.post({"subject": str(n)})
        problem = refused(desk, {"subject": "3"})
        assert (problem.code, problem.status, problem.retry_after) == ("rate_limited", 429, 20)
        refused(desk, {"subject": "4"})
    with clock.frozen(now + timedelta(seconds=20)):
        desk.post({"subject": "5"})
        assert refused(desk).retry_after == 20
    assert desk.made == [f"Look at {n}" for n in (0, 1, 2, 5)]
    # A flood does not fill the log; it is counted.
    assert len(desk.log) == 4 and hook_rates.of(desk.db, desk.id).turned_away == 3


def test_a_clock_that_was_set_back_does_not_close_a_hook(outside: Make) -> None:
    desk = outside(per_minute=1)
    with clock.frozen(clock.now() + timedelta(hours=1)):
        desk.post({"subject": "A"})
    desk.post({"subject": "B"})
    assert refused(desk).code == "rate_limited"


@pytest.mark.parametrize(
    ("scheme", "body", "headers", "reply"),
    [
        ("", {"zen": "Keep it simple."}, {"x_github_event": "ping"}, None),
        ("", {"type": "url_verification", "challenge": "3eZbrw1aB"}, {}, {"challenge": "3eZbrw1aB"}),
    ],
)
def test_a_ping_is_answered_and_does_nothing(
    outside: Make, scheme: str, body: Any, headers: dict[str, str], reply: Any
) -> None:
    desk = outside(signing=Signing(scheme))
    done = desk.post(body, **headers)
    assert done.answer == (reply or hook_deliveries.Answer(True, "GitHub's ping arrived."))
    assert desk.outcomes == ["ping"] and desk.made == []


def test_a_ping_has_to_be_signed_too(outside: Make) -> None:
    desk = outside(signing=Signing("github"))
    assert refused(desk, {"zen": "x"}, x_github_event="ping").status == 401
    assert desk.github({"zen": "x"}, x_github_event="ping").answer.reason == "GitHub's ping arrived."


def test_deliveries_are_kept_for_thirty_days(outside: Make) -> None:
    desk = outside()
    with clock.frozen(clock.now() - timedelta(days=31)):
        desk.post({"subject": "A"}, webhook_id="1")
    desk.post({"subject": "B"}, webhook_id="2")
    assert hook_deliveries.prune(desk.db) == 1
    assert [one.idem for one in desk.log] == ["2"]
    assert [row["idem"] for row in desk.db.rows("SELECT idem FROM hook_receipts")] == ["2"]


def test_a_flood_without_effect_does_not_fill_the_log(outside: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_deliveries, "KEEP_IDLE", 3)
    desk, other = outside(), outside()
    desk.post({"subject": "A"}, webhook_id="1")
    other.post({})
    for _ in range(5):
        desk.post({})
    newest = [one.id for one in desk.log[-3:]]
    assert hook_deliveries.prune(desk.db) == 2
    assert [one.id for one in desk.log[1:]] == newest and desk.outcomes == ["accepted"] + ["refused"] * 3
    assert desk.post({"subject": "A"}, webhook_id="1").repeated and len(other.log) == 1


def test_the_log_is_paged_and_filtered(outside: Make, world: World) -> None:
    desk = outside()
    for n in range(5):
        if n == 2:
            refused(desk, b"{")
        else:
            desk.post({"subject": str(n)})
    first = hook_deliveries.listing(desk.db, desk.id, limit=3)
    second = hook_deliveries.listing(desk.db, desk.id, limit=3, cursor=str(first.next_cursor))
    assert [one.answer.task for one in (*first.items, *second.items)] == [4, 3, None, 2, 1]
    assert second.next_cursor is None
    assert len(hook_deliveries.listing(desk.db, desk.id, "unreadable").items) == 1
    with pytest.raises(Problem, match="outcome"):
        hook_deliveries.listing(desk.db, desk.id, "strange")


def test_trouble_of_the_box_leaves_nothing_behind(outside: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = outside()
    full = Problem("disk_full", "The disk is full: nothing was changed.")

    def fail(*_: Any, **__: Any) -> None:
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(hook_deliveries, "add", fail)
        assert refused(desk, {"subject": "A"}, webhook_id="1") is full
    assert desk.made == [] and desk.log == []
    assert not desk.post({"subject": "A"}, webhook_id="1").repeated


def test_the_body_limit_is_that_of_the_target(outside: Make) -> None:
    desk = outside()
    desk.post({"subject": "A"})
    signal = outside(TaskSignal("1"))
    limits = [hook_receiving.body_limit(one.found) for one in (desk, signal)]
    assert limits == [1024 * 1024, 64 * 1024]
    assert msgspec.json.decode(desk.log[0].body) == {"subject": "A"}
