"""What woke an agent, who waits for whom, and how far work may go, from a terminal."""

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def team(agenthq: Run, box: object) -> Run:
    agenthq("provider", "add", "--tenant", "acme", "--kind", "simulated", "--name", "Sim", "--max-concurrency", "2")
    agenthq("agent", "create", "mara", "--name", "Mara", "--model", "simulated")
    agenthq("task", "create", "First")
    agenthq("task", "create", "Second", "--to", "mara", "--no-start")
    return agenthq


def test_a_task_tells_what_woke_it(team: Run) -> None:
    assert team("task", "wakes", "2").out == "Nothing has woken it yet.\n"
    team("task", "run", "2")
    line = team("task", "wakes", "2").out.splitlines()[1]
    assert line.split()[-4:] == ["started", "run", "0", "interactive"]
    assert team("task", "wakes", "2", "--json").json["items"][0]["reason"] == "started"


def test_a_task_waits_for_another_until_it_need_not(team: Run) -> None:
    assert team("task", "block", "2", "--after", "1", "--on-cancel", "cancel").out == "#2 waits for #1.\n"
    assert "Blocked by #1 First" in team("task", "run", "2").err
    assert "Open #1: agenthq task show 1" in team("task", "why", "2").out
    team("task", "unblock", "2", "--after", "1")
    assert team("task", "run", "2").code == 0
    assert team("task", "block", "1", "--after", "1").code == 2


def test_a_blocker_takes_its_dependents_with_it(team: Run) -> None:
    team("task", "block", "2", "--after", "1", "--on-cancel", "cancel")
    team("task", "cancel", "1")
    assert team("task", "show", "2", "--json").json["state"] == "cancelled"


def test_limits_are_shown_and_set(team: Run) -> None:
    assert "max running           none" in team("tenant", "limits").out
    assert team("tenant", "limits", "--max-running", "4", "--json").json["max_running"] == 4
    assert team("tenant", "limits", "--max-running", "none", "--json").json["max_running"] is None
    refused = team("tenant", "limits", "--wake-depth", "0")
    assert (refused.code, "wake_depth: give a number from 1" in refused.err) == (2, True)


def test_an_account_serves_so_many_runs_at_once(team: Run) -> None:
    assert team("provider", "list", "--json").json["items"][0]["max_concurrency"] == 2
    assert team("provider", "limit", "Sim", "0").out == "Sim: any number of runs at the same time.\n"
    assert team("provider", "limit", "Sim", "5").out == "Sim: 5 runs at the same time.\n"


def test_wakes_are_listed_filtered_and_followed_along_their_chain(team: Run) -> None:
    assert team("wake", "list").out == "There is no such wake.\n"
    team("task", "run", "2")
    team("task", "run", "2")
    [found] = team("wake", "list", "--agent", "mara", "--json").json["items"]
    assert (found["task_number"], found["state"], found["reason"]) == (2, "run", "started")
    assert team("wake", "list", "--state", "dropped").out == "There is no such wake.\n"
    assert team("wake", "chain", found["chain"]).out.splitlines()[1].split()[:3] == ["2", "run", "started"]
    assert team("wake", "list", "--state", "odd").code == 2


def test_whom_an_agent_may_hand_work_to_is_set_from_a_terminal(team: Run) -> None:
    team("agent", "create", "zed", "--model", "simulated")
    assert team("agent", "policy", "mara").out.endswith("It may hand work to: nobody but itself.\n")
    assert team("agent", "policy", "mara", "--allow", "zed", "--json").json["may_hand_to"] == ["zed"]
    assert team("agent", "policy", "mara", "--forget", "zed", "--json").json["items"] == []
    assert "there is no agent 'nobody'" in team("agent", "policy", "mara", "--deny", "nobody").err


def test_an_agent_is_moved_from_a_terminal(team: Run) -> None:
    team("agent", "create", "zed", "--model", "simulated")
    assert team("agent", "move", "mara", "--to", "zed").out == "Mara reports to zed now.\n"
    assert "somebody below it" in team("agent", "move", "zed", "--to", "mara").err
    assert team("agent", "move", "mara", "--top").out == "Mara reports to nobody now.\n"
    assert team("agent", "move", "mara").code == 2
