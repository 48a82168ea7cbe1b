"""`agenthq connect` prints the lines that the page shows."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def served(agenthq: Run, box: Path) -> Run:
    """A box with a simulated account."""
    assert agenthq("provider", "add", "--kind", "simulated", "--name", "Sim").code == 0
    return agenthq


def test_alone_it_lists_the_tools(served: Run) -> None:
    assert "claude-code" in served("connect").out
    assert [tool["id"] for tool in served("connect", "--json").json["items"]][:2] == ["claude-code", "codex"]


def test_the_lines_have_the_box_s_address_and_say_how_to_get_a_key(served: Run) -> None:
    done = served("connect", "codex", "--model", "sim-swift")
    assert (done.code, 'model = "sim-swift"' in done.out) == (0, True)
    assert 'base_url = "http://127.0.0.1:84' in done.out
    assert "agenthq key create --role viewer --gateway-only" in done.out


def test_a_key_comes_from_standard_input(served: Run) -> None:
    found = served("connect", "claude-code", "--key-stdin", "--json", stdin="ahq_secret\n").json
    assert (found["tool"], found["address"].endswith("/gw")) == ("claude-code", True)
    assert "ANTHROPIC_AUTH_TOKEN=ahq_secret" in found["blocks"][0]["text"]
    assert served("connect", "codex", "--key-stdin", stdin="\n").code == 2


def test_the_owners_address_is_used(served: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTHQ_PUBLIC_URL", "https://models.example")
    assert "https://models.example/gw/v1" in served("connect", "aider").out


def test_an_unknown_tool_or_model_names_the_nearest(served: Run) -> None:
    done = served("connect", "codx")
    assert (done.code, done.lines) == (
        2,
        ["agenthq: There is no tool 'codx' - did you mean codex? See 'agenthq connect'."],
    )
    assert "did you mean sim-swift?" in served("connect", "codex", "--model", "sim-swif").err
