"""Webhooks from a terminal."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance import clock
from appliance.cli.desk import Desk
from appliance.domain import hook_receiving, hooks
from appliance.domain.hook_deliveries import Arrived
from tests.cli.conftest import Done, Run

TITLE = "Answer ${{ body.subject }}"


@pytest.fixture
def made(agenthq: Run, box: Path) -> Any:
    return agenthq("hook", "add", "Desk", "--title", TITLE, "--json").json


def post(made: Any, body: Any) -> Any:
    """As the server does when something is posted to the address."""
    desk = Desk({})
    try:
        with desk.room(None) as room, desk.control() as control:
            found = hooks.find(control, made["url"].rpartition("/")[2])
            arrived = Arrived({"content-type": "application/json"}, msgspec.json.encode(body), "", clock.monotonic())
            return hook_receiving.receive(room.db, found, [], arrived).answer
    finally:
        desk.close()


def usage(done: Done) -> str:
    assert (done.code, len(done.lines)) == (2, 1)
    return done.lines[0]


def test_address_and_secret_are_printed_once(agenthq: Run, box: Path) -> None:
    out = agenthq("hook", "add", "Issues", "--title", TITLE, "--scheme", "standard", "--label", "a", "--label", "b").out
    assert re.search(r"^Address +http://127\.0\.0\.1:8420/hooks/hook_[\w-]{43}$", out, re.MULTILINE)
    secret = re.search(r"^Secret +(whsec_\S+)$", out, re.MULTILINE)
    listed = agenthq("hook", "list", "--json")
    [one] = listed.json["items"]
    assert secret and secret[1] not in listed.out and "/hooks/" not in listed.out
    assert one["target"] == {"kind": "task", "fields": {"title": TITLE, "labels": ["a", "b"]}}
    assert (one["state"], one["signing"]["scheme"]) == ("active", "standard")
    assert "Issues" in agenthq("hook", "show", one["id"]).out


def test_the_senders_secret_comes_from_standard_input(agenthq: Run, box: Path) -> None:
    given = ("hook", "add", "Paid", "--title", "x", "--scheme", "stripe", "--secret-stdin")
    done = agenthq(*given, "--json", stdin="whsec_from_stripe\n")
    assert done.json["secret"] == "" and "whsec_from_stripe" not in done.out
    assert usage(agenthq(*given, stdin="short\n")) == "agenthq: secret: give 8 to 500 characters"


@pytest.mark.parametrize(
    "given",
    [
        (),
        ("--signal", "paid"),
        ("--signal", "paid", "--workflow", "w"),
        ("--task", "1"),
        ("--workflow", "w", "--input", "a"),
    ],
)
def test_what_a_delivery_does_has_to_be_said(agenthq: Run, box: Path, given: tuple[str, ...]) -> None:
    assert usage(agenthq("hook", "add", "Desk", *given))


def test_a_hook_of_a_task_and_one_of_a_workflow(agenthq: Run, box: Path) -> None:
    agenthq("task", "create", "Wait")
    made = agenthq("hook", "add", "Built", "--signal", "built", "--task", "1", "--json").json
    assert made["target"]["signal"] == "built" and made["task_id"]
    refused = agenthq(
        "hook", "add", "Orders", "--workflow", "order", "--input", "a=${{ body.a }}", "--key", "${{ body.a }}"
    )
    assert usage(refused) == "agenthq: workflow: There is no such workflow."


def test_the_life_of_a_hook(agenthq: Run, made: Any) -> None:
    assert agenthq("hook", "pause", made["id"]).out == "Desk is paused.\n"
    assert post(made, {"subject": "A"}).reason == "The hook is paused."
    assert agenthq("hook", "list", "--state", "active").out == "There is no hook yet.\n"
    assert agenthq("hook", "resume", made["id"]).out == "Desk is active.\n"
    renewed = agenthq("hook", "rotate", made["id"], "--json").json
    assert renewed["url"] not in ("", made["url"])
    assert post(renewed, {"subject": "A"}).accepted
    assert usage(agenthq("hook", "rotate", made["id"], "--secret")) == "agenthq: scheme: say how the sender signs"
    assert agenthq("hook", "revoke", made["id"]).code == 0
    assert agenthq("hook", "show", made["id"], "--json").json["state"] == "revoked"
    assert agenthq("hook", "show", "nothing").lines == ["agenthq: There is no such hook."]


def test_deliveries_are_listed_and_replayed(agenthq: Run, made: Any) -> None:
    assert agenthq("hook", "deliveries", made["id"]).out == "Nothing has come yet.\n"
    post(made, {"subject": "A"})
    [one] = agenthq("hook", "deliveries", made["id"], "--outcome", "accepted", "--json").json["items"]
    assert one["body"] == '{"subject":"A"}'
    asked = agenthq("hook", "replay", made["id"], one["id"])
    assert usage(asked) == "agenthq: Task #1 was made. Have it done once more with --again."
    assert agenthq("hook", "replay", made["id"], one["id"], "--again").out == "Accepted: Task #2 was made.\n"


def test_a_body_is_tried(agenthq: Run, made: Any, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"subject": "A"}')
    assert agenthq("hook", "test", made["id"], "--body", str(body)).out == "Task #1 was made. Nothing was kept.\n"
    refused = agenthq("hook", "test", made["id"], stdin="{}")
    assert refused.code == 1 and "subject" in refused.out
    assert agenthq("task", "list", "--json").json["items"] == []
