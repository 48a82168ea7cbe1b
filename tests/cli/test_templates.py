"""Templates from a terminal: listed, read, taken over and tried."""

import json

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def team(agenthq: Run, box: object) -> Run:
    agenthq("provider", "add", "--tenant", "acme", "--kind", "simulated", "--name", "Sim")
    return agenthq


def test_they_are_listed_with_what_they_do(team: Run) -> None:
    lines = team("template", "list").out.splitlines()
    assert len([line for line in lines if not line.startswith(" ")]) == 6
    assert lines[0].split()[:2] == ["release-notes", "A"]
    assert max(map(len, lines)) <= 100
    assert len(team("template", "list", "--json").json["items"]) == 6


def test_one_is_read_before_it_is_used(team: Run) -> None:
    assert "**You get**" in team("template", "show", "research-brief").out
    assert team("template", "show", "research-brief", "--source").out.startswith("slug: research-brief")
    assert json.loads(team("template", "show", "research-brief", "--sample").out)["parts"] == 3
    assert team("template", "show", "realese-notes").lines == [
        "agenthq: There is no such template; did you mean 'release-notes'?"
    ]


def test_one_is_taken_over_and_tried(team: Run) -> None:
    used = team("template", "use", "release-notes").out
    assert "release-notes is yours now" in used
    assert "release-editor, release-writer" in used
    assert "agenthq workflow run release-notes --inputs @inputs.json" in used
    tried = team("template", "use", "release-notes", "--run", "--json").json
    assert (tried["applied"]["created"], tried["instance"]["state"]) == (False, "running")


def test_without_a_model_it_says_what_is_missing(agenthq: Run, box: object) -> None:
    refused = agenthq("template", "use", "release-notes")
    assert refused.code == 2
    assert "there is no model for the agents it brings" in refused.err
