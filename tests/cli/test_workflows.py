"""Workflows from the command line: checked without a box, applied, started, looked at, moved, followed."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_wait import server
from tests.web.flows import ASKS, BROKEN, LATER, REVIEW

__all__ = ["server"]
GREET = """slug: greet
name: Greet
inputs: {who: {type: string}}
steps:
  - id: note
    agent: quinn
    title: Greet ${{ inputs.who }}
    body: "sim: say Hello."
  - id: rest
    wait: 1s
output: {text: "${{ steps.note.output.text }}"}
"""
CALLS = "slug: calls\nname: Calls\nsteps:\n  - {id: sub, workflow: asks, with: {people: []}}\n"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def asks(agenthq: Run, box: Path, at: Path) -> Run:
    """A box with the workflow `asks`."""
    (at / "asks.yaml").write_text(ASKS)
    assert agenthq("workflow", "apply", "asks.yaml").out == "asks: created\n"
    return agenthq


def test_validate_tells_file_line_and_message_and_needs_no_box(agenthq: Run, folder: Path, at: Path) -> None:
    (at / "bad.yaml").write_text(BROKEN)
    (at / "good.yaml").write_text(ASKS)
    done = agenthq("workflow", "validate", "bad.yaml", "good.yaml")
    assert done.code == 1 and done.out.startswith("bad.yaml:6: ")
    assert "titel" in done.out and done.out.endswith("good.yaml: no fault\n")
    assert not folder.exists()
    as_json = agenthq("workflow", "validate", ".", "--json")
    assert [(item["file"], item["ok"]) for item in as_json.json["items"]] == [("bad.yaml", False), ("good.yaml", True)]
    assert as_json.json["items"][0]["faults"][0]["line"] == 6
    assert agenthq("workflow", "validate", "-", stdin=ASKS).code == 0
    assert agenthq("workflow", "validate", "gone.yaml").code == 2


def test_what_is_not_yaml_is_a_fault_and_no_traceback(agenthq: Run, folder: Path, at: Path) -> None:
    for text in ("", "[", "a: &a [*a]", "- 1", "x" * 10_000, "slug: [" * 500):
        (at / "odd.yaml").write_text(text)
        done = agenthq("workflow", "validate", "odd.yaml")
        assert done.code == 1 and done.out.startswith("odd.yaml:") and not done.err, text


def test_applying_again_says_what_is_new_and_a_diff_shows_it(asks: Run, at: Path) -> None:
    assert asks("workflow", "apply", "asks.yaml").out == "asks: nothing new\n"
    (at / "asks.yaml").write_text(ASKS.replace("bound: 60", "bound: 5"))
    assert asks("workflow", "apply", "asks.yaml", "--json").json["items"][0]["version"] == 2
    assert "-    bound: 60\n+    bound: 5" in asks("workflow", "diff", "asks").out
    assert asks("workflow", "diff", "asks", "2", "2").out == "There is no difference.\n"
    assert [one["version"] for one in asks("workflow", "versions", "asks", "--json").json["items"]] == [2, 1]
    assert asks("workflow", "show", "asks", "--yaml", "--version", "1").out == ASKS


def test_a_folder_is_applied_whatever_the_order_of_its_files(agenthq: Run, box: Path, at: Path) -> None:
    (at / "flows" / "deep").mkdir(parents=True)
    (at / "flows" / "a.yaml").write_text(CALLS)
    (at / "flows" / "deep" / "b.yml").write_text(ASKS)
    (at / "flows" / "read.me").write_text("no workflow")
    assert agenthq("workflow", "apply", "flows").out == "asks: created\ncalls: created\n"
    assert {one["slug"] for one in agenthq("workflow", "list", "--json").json["items"]} == {"asks", "calls"}
    (at / "flows" / "a.yaml").write_text(CALLS.replace("asks", "gone"))
    refused = agenthq("workflow", "apply", "flows")
    assert (refused.code, len(refused.lines)) == (2, 1) and "flows/a.yaml" in refused.err and "gone" in refused.err
    (at / "flows" / "b.yaml").write_text(BROKEN)
    assert agenthq("workflow", "apply", "flows").out.startswith("flows/b.yaml:6: ")


def test_an_instance_is_started_with_inputs_in_every_form(asks: Run, at: Path) -> None:
    first = asks("workflow", "run", "asks", "-i", 'people=["Ann", "Ben"]', "--idem", "k", "--title", "Two people")
    assert first.code == 0 and first.out.startswith("#1 Two people: running. No server works on")
    again = asks("workflow", "run", "asks", "-i", 'people=["Ann"]', "--idem", "k", "--json")
    assert (again.json["number"], again.json["input"]) == (1, {"people": ["Ann", "Ben"]})
    (at / "in.json").write_text('{"people": ["Cem"]}')
    by_file = asks("workflow", "run", "asks", "--inputs", "@in.json", "--json").json
    by_text = asks("workflow", "run", "asks", "--inputs", '{"people": ["x"]}', "-i", 'people=["Cem"]', "--json").json
    assert by_file["input"] == by_text["input"] == {"people": ["Cem"]}
    for wrong in (["-i", "people"], ["--inputs", "["], ["--inputs", "[]"], ["-i", "people=Ann"], ["-i", "men=[]"]):
        refused = asks("workflow", "run", "asks", *wrong)
        assert (refused.code, len(refused.lines)) == (2, 1), wrong
    assert "people" in refused.err or "men" in refused.err


def test_an_instance_is_listed_shown_and_moved(asks: Run) -> None:
    asks("workflow", "run", "asks", "-i", 'people=["Ann", "Ben"]')
    shown = asks("workflow", "instance", "1")
    assert "each[1]/ask" in shown.out and "agenthq approval list" in shown.out and "0 of 2 done" in shown.out
    begun = [line.split()[0] for line in shown.out.splitlines() if line.startswith("each")]
    assert begun == ["each", "each[0]", "each[0]/ask", "each[1]", "each[1]/ask"]
    assert "agenthq workflow instance 1" in asks("task", "show", "1").out
    scoped = asks("workflow", "instance", "1", "--scope", "each[0]", "--json").json
    assert [node["path"] for node in scoped["nodes"]] == ["each[0]/ask"]
    assert asks("workflow", "pause", "1").out == "#1 is paused.\n"
    assert asks("workflow", "resume", "1").out == "#1 is running.\n"
    assert asks("workflow", "signal", "1", "paid", "--payload", "5").out == "Signal paid is kept for #1.\n"
    assert asks("workflow", "signal", "1", "paid", "--payload", "{").code == 2
    assert "Ask each" in asks("workflow", "show", "asks").out
    assert asks("workflow", "cancel", "1").out == "#1 is cancelled.\n"
    assert [one["number"] for one in asks("workflow", "instances", "--state", "cancelled", "--json").json["items"]] == [
        1
    ]
    assert asks("workflow", "instances", "--state", "failed").out == "There is no such instance.\n"
    over = asks("workflow", "pause", "1")
    assert (over.code, len(over.lines)) == (1, 1)


def test_archiving_frees_the_name(asks: Run) -> None:
    assert asks("workflow", "archive", "asks").out == "asks is archived.\n"
    assert asks("workflow", "list").out == "There is no workflow yet.\n"
    assert asks("workflow", "run", "asks").lines == ["agenthq: There is no such workflow."]


def test_a_slip_of_the_keys_is_told_with_what_was_meant(asks: Run) -> None:
    assert asks("workflow", "run", "aks").lines == ["agenthq: There is no such workflow; did you mean 'asks'?"]
    assert asks("workflow", "apply", "ask.yaml").lines == [
        "agenthq: ask.yaml can't be read: No such file or directory."
    ]


def test_agents_that_a_workflow_needs_have_to_be_there(agenthq: Run, box: Path, at: Path) -> None:
    (at / "review.yaml").write_text(REVIEW)
    refused = agenthq("workflow", "apply", "review.yaml")
    assert refused.code == 2 and "mara" in refused.err
    (at / "review.yaml").write_text(
        LATER + "agents: [{slug: mara, name: Mara, instructions: Read., model: simulated}]\n"
    )
    assert agenthq("workflow", "apply", "review.yaml").out == "review: created; agents made: mara\n"


def test_following_needs_a_server_before_anything_is_started(asks: Run) -> None:
    refused = asks("workflow", "run", "asks", "-i", "people=[]", "--watch")
    assert refused.code == 69 and "agenthq serve" in refused.err
    assert asks("workflow", "instances", "--json").json["items"] == []


@pytest.mark.outside
def test_a_run_is_followed_to_its_end_and_done_again_from_a_step(
    agenthq: Run, server: dict[str, object], at: Path
) -> None:
    assert agenthq("agent", "create", "quinn", "--model", "Quick/simulated").code == 0
    (at / "greet.yaml").write_text(GREET)
    assert agenthq("workflow", "apply", "greet.yaml").code == 0
    done = agenthq("workflow", "run", "greet", "-i", "who=Ann", "--watch")
    assert done.code == 0, done.err
    lines = [line.split()[:2] for line in done.out.splitlines()]
    assert ["done", "note"] in lines and ["done", "rest"] in lines
    assert "#1 has succeeded. It cost $" in done.out and '"text": "Hello.' in done.out
    whole = agenthq("workflow", "run", "greet", "-i", "who=Ben", "--watch", "--json")
    assert json.loads(whole.out)["state"] == "succeeded"
    again = agenthq("workflow", "again", "1", "--from", "rest", "--watch")
    # The step before is taken over: done from the start, for nothing.
    assert again.code == 0 and ["running", "note"] not in [line.split()[:2] for line in again.out.splitlines()]
    assert "has succeeded. It cost $0.00." in again.out


@pytest.mark.outside
def test_a_failure_that_is_followed_ends_with_its_step_and_code_1(
    agenthq: Run, server: dict[str, object], at: Path
) -> None:
    assert agenthq("agent", "create", "quinn", "--model", "Quick/simulated").code == 0
    (at / "greet.yaml").write_text(GREET.replace("sim: say Hello.", "sim: fail 401"))
    agenthq("workflow", "apply", "greet.yaml")
    failed = agenthq("workflow", "run", "greet", "-i", "who=Ann", "--watch")
    assert (failed.code, len(failed.lines)) == (1, 1), failed.out
    assert failed.lines[0].startswith("agenthq: #1 has failed.") and "note" in failed.lines[0]
