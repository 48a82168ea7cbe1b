"""Limits from a shell: what a budget does at its limit, keys that cover little, the kill switch, and rates."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def team(agenthq: Run, box: Path) -> Run:
    """A box with a simulated account and agent Mara."""
    assert agenthq("provider", "add", "--tenant", "acme", "--kind", "simulated", "--name", "Sim").code == 0
    assert agenthq("agent", "create", "mara", "--name", "Mara Quill", "--model", "simulated").code == 0
    return agenthq


def test_a_budget_says_what_it_does_at_its_limit_and_is_set_back(team: Run) -> None:
    made = team("budget", "set", "5", "--span", "24h", "--action", "block", "--strict", "--json").json
    assert (made["span"], made["action"], made["strict"], made["ends"]) == ("24h", "block", True, None)
    nowhere = team("budget", "set", "5", "--span", "7d", "--action", "downgrade", "--to", "no-such-model")
    assert "name a cheaper model that an account serves" in nowhere.lines[0]
    assert team("budget", "reset", "--span", "24h").code == 0
    assert team("budget", "reset", "--span", "week").lines == ["agenthq: There is no such budget."]


def test_a_key_covers_what_it_was_made_for_and_can_be_changed(team: Run) -> None:
    given = ("--gateway-only", "--agent", "mara", "--model", "sim-*", "--model", "gpt-x", "--parallel", "4")
    made = team("key", "create", "--name", "Tool", "--budget-usd", "2.50", *given, "--json").json
    assert (made["models"], made["parallel"], made["gateway_only"]) == (["sim-*", "gpt-x"], 4, True)
    assert team("budget", "list", "--json").json["items"][0]["scope_id"] == made["id"]
    changed = team(
        "key", "change", made["id"], "--budget-usd", "3", "--requests", "60", "--without", "models", "--json"
    )
    assert (changed.json["requests_per_min"], changed.json["models"], changed.json["parallel"]) == (60, [], 4)
    assert team("budget", "list", "--json").json["items"][0]["limit_usd"] == "3"
    assert team("key", "list", "--json").json["items"][0]["budget_nano"] == 3_000_000_000
    slip = team("key", "change", made["id"], "--budget-usd", "30000")
    assert "confirm" in slip.lines[0]
    assert team("key", "create", "--agent", "nobody").lines == [
        "agenthq: agent: there is no such agent",
    ]


def test_the_kill_switch_is_thrown_and_released(team: Run) -> None:
    stopped = team("stop", "now", "--scope", "model", "--of", "gpt-x", "--note", "a loop")
    assert stopped.out.strip() == "Stopped: model gpt-x."
    [stop] = team("stop", "list", "--json").json["items"]
    assert (stop["scope_id"], stop["note"]) == ("gpt-x", "a loop")
    assert team("stop", "release", "--scope", "model", "--of", "gpt-x").code == 0
    assert team("stop", "list").out.strip() == "Nothing is stopped."


def test_rates_are_set_and_taken_away(team: Run) -> None:
    assert team("rate", "set", "--requests", "600", "--parallel", "8", "--json").json["parallel"] == 8
    assert "600" in team("rate", "list").out
    assert team("rate", "set").code == 0
    assert team("rate", "list").out.strip() == "There is no limit."
