"""Deciding from a terminal."""

import re
from pathlib import Path

import pytest

from appliance import settings
from appliance.cli.desk import Desk
from appliance.domain import approvals, claims
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval, Ask
from tests.cli.conftest import Run
from tests.domain.asking import payload


@pytest.fixture
def asked(agenthq: Run, box: Path) -> Approval:
    """Mara asks for a letter to be sent, on task 1."""
    agenthq("provider", "add", "--tenant", "acme", "--kind", "simulated", "--name", "Sim")
    agenthq("agent", "create", "mara", "--name", "Mara", "--model", "simulated")
    agenthq("task", "create", "Write to Bob", "--to", "mara")
    assert settings.load({}).data_dir == box
    desk = Desk({})
    with desk.room(None) as room, room.db.transaction():
        [run] = claims.claim(room.db, "test", 30)
        assert run
        ask = Ask("action", "Send the letter", payload=payload(text="Hi \u202eboB"), estimate_nano=250_000_000)
        actor = Actor("agent", run.agent_id, "Mara", "operator")
        made = approvals.ask(room.db, actor, ask, task_id=run.task_id, run_id=run.id, agent_id=run.agent_id)
    desk.close()
    return made


def test_what_waits_is_listed_and_shown_in_full(agenthq: Run, asked: Approval) -> None:
    short = asked.id[-8:]
    assert f"{short}  action  pending  Send the letter" in agenthq("approval", "list").out
    shown = agenthq("approval", "show", short).out
    for part in (asked.digest, '"target": "bob@globex.test"', "\\u202eboB", "$0.2500", f"approval approve {short}"):
        assert part in shown
    assert agenthq("approval", "show", asked.id, "--json").json["estimate_usd"] == "0.25"


def test_a_verdict_is_given_once(agenthq: Run, asked: Approval) -> None:
    short = asked.id[-8:]
    assert agenthq("approval", "approve", short).out == "Approved: Send the letter\n"
    again = agenthq("approval", "reject", short)
    assert (again.code, again.lines) == (1, ["agenthq: Already decided by Command line: approved."])
    assert agenthq("approval", "approve", asked.id).code == 0
    assert agenthq("approval", "list").out == "Nothing waits for a decision.\n"
    assert agenthq("approval", "list", "--state", "all", "--json").json["items"][0]["state"] == "approved"


def test_changes_are_asked_for_with_a_note(agenthq: Run, asked: Approval) -> None:
    refused = agenthq("approval", "request-changes", asked.id)
    assert (refused.code, refused.lines) == (2, ["agenthq: note: say what should change"])
    done = agenthq("approval", "request-changes", asked.id, "--note", "Say hello first", "--json")
    assert (done.json["state"], done.json["note"]) == ("changes_requested", "Say hello first")


def test_an_id_that_nothing_has(agenthq: Run, asked: Approval) -> None:
    assert agenthq("approval", "show", "nothing!").lines == ["agenthq: There is no such approval."]


def test_a_signal_is_sent_to_the_run_of_a_task(agenthq: Run, asked: Approval) -> None:
    sent = agenthq("task", "signal", "1", "paid", "--payload", '{"amount": 5}', "--idem", "a", "--json").json
    assert (sent["payload"], sent["run_id"]) == ({"amount": 5}, asked.run_id)
    assert agenthq("task", "signal", "1", "paid", "--idem", "a", "--json").json == sent
    assert agenthq("task", "signal", "1", "paid", "--payload", "{").code == 2
    agenthq("task", "cancel", "1")
    agenthq("task", "create", "Later")
    assert agenthq("task", "signal", "2", "paid").lines == ["agenthq: #2 has no run yet."]


def test_a_hook_is_shown_once_listed_and_revoked(agenthq: Run, asked: Approval) -> None:
    made = agenthq("task", "hook", "1", "paid", "--json").json
    assert re.fullmatch(r"http://127\.0\.0\.1:8420/hooks/hook_[\w-]{43}", made["url"])
    assert re.search(r"^Address +http://127\.0\.0\.1:8420/hooks/hook_", agenthq("task", "hook", "1", "other").out)
    listed = agenthq("task", "hooks", "1")
    assert re.search(rf"^{made['id']} +paid +active +\S.* +never$", listed.out, re.MULTILINE)
    assert "/hooks/" not in listed.out
    assert "revoked" in agenthq("task", "hooks", "1", "--revoke", made["id"]).out
    assert agenthq("task", "hooks", "1", "--revoke", "x").lines == ["agenthq: There is no such hook of this task."]
