"""The lines to copy, read the way the tools read them."""

import ast
import json
import shlex
import tomllib

import pytest
import yaml

from appliance.domain import tool_lines
from appliance.domain.tool_lines import TOOLS, Block, Given

GIVEN = Given("http://127.0.0.1:8420", "ahq_secret", "gpt-5", "gpt-5-mini")
ODD = Given("http://box.test", "k", 'a\'b "c" $d `e` \\f', "m")


def blocks(tool: str, given: Given = GIVEN) -> list[Block]:
    return [block for block in tool_lines.blocks(TOOLS[tool], given) if not block.system]


def env(text: str) -> dict[str, str]:
    """What a shell makes of the lines that begin with export."""
    words = (shlex.split(line)[1] for line in text.splitlines() if line.startswith("export "))
    return dict(word.split("=", 1) for word in words)


def strings(code: str) -> set[object]:
    return {node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)}


def test_claude_code_gets_the_address_without_a_version_and_a_bearer_token() -> None:
    shell, file = blocks("claude-code")
    wanted = {
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:8420/gw",
        "ANTHROPIC_AUTH_TOKEN": "ahq_secret",
        "ANTHROPIC_MODEL": "gpt-5",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": "gpt-5-mini",
    }
    assert env(shell.text) == wanted
    assert shell.text.splitlines()[-2:] == ["unset ANTHROPIC_API_KEY", "claude"]
    assert json.loads(file.text) == {"env": wanted}


def test_codex_reads_a_provider_of_the_responses_kind() -> None:
    file, shell = blocks("codex")
    found = tomllib.loads(file.text)
    assert (found["model"], found["model_provider"]) == ("gpt-5", "agenthq")
    assert found["model_providers"]["agenthq"] == {
        "name": "AgentHQ",
        "base_url": "http://127.0.0.1:8420/gw/v1",
        "env_key": "AHQ_KEY",
        "wire_api": "responses",
    }
    assert env(shell.text) == {"AHQ_KEY": "ahq_secret"}


def test_aider_names_the_model_with_its_prefix() -> None:
    (shell,) = blocks("aider")
    assert env(shell.text) == {"OPENAI_API_BASE": "http://127.0.0.1:8420/gw/v1", "OPENAI_API_KEY": "ahq_secret"}
    assert shlex.split(shell.text.splitlines()[-1]) == ["aider", "--model", "openai/gpt-5"]


def test_continue_reads_a_model_of_the_openai_kind() -> None:
    (file,) = blocks("continue")
    found = yaml.safe_load(file.text)
    assert (found["version"], found["schema"]) == ("1.0.0", "v1")
    assert found["models"] == [
        {
            "name": "gpt-5 through AgentHQ",
            "provider": "openai",
            "model": "gpt-5",
            "apiBase": "http://127.0.0.1:8420/gw/v1",
            "apiKey": "ahq_secret",
            "roles": ["chat", "edit", "apply"],
        }
    ]


@pytest.mark.parametrize(("tool", "path"), [("openai-sdk", "/gw/v1"), ("anthropic-sdk", "/gw")])
def test_the_sdks_are_python(tool: str, path: str) -> None:
    code, shell = blocks(tool)
    assert {f"http://127.0.0.1:8420{path}", "ahq_secret", "gpt-5"} <= strings(code.text)
    assert f"http://127.0.0.1:8420{path}" in env(shell.text).values()


def test_curl_is_one_command() -> None:
    (shell,) = blocks("curl")
    words = shlex.split(shell.text.replace("\\\n", " "))
    assert words[:2] == ["curl", "http://127.0.0.1:8420/gw/v1/chat/completions"]
    assert "Authorization: Bearer ahq_secret" in words
    assert json.loads(words[-1])["model"] == "gpt-5"


def test_odd_names_of_models_break_no_syntax() -> None:
    assert env(blocks("claude-code", ODD)[0].text)["ANTHROPIC_MODEL"] == ODD.model
    assert tomllib.loads(blocks("codex", ODD)[0].text)["model"] == ODD.model
    assert yaml.safe_load(blocks("continue", ODD)[0].text)["models"][0]["model"] == ODD.model
    assert shlex.split(blocks("aider", ODD)[0].text.splitlines()[-1])[-1] == f"openai/{ODD.model}"
    assert json.loads(shlex.split(blocks("curl", ODD)[0].text.replace("\\\n", " "))[-1])["model"] == ODD.model
    assert ODD.model in {
        n.value for n in ast.walk(ast.parse(blocks("openai-sdk", ODD)[0].text)) if isinstance(n, ast.Constant)
    }


def test_nothing_to_copy_is_a_setting_of_the_box_itself() -> None:
    assert not [block for tool in TOOLS for block in blocks(tool) if "AGENTHQ_" in block.text]


def test_windows_gets_lines_of_its_own() -> None:
    found = [block for block in tool_lines.blocks(TOOLS["codex"], Given("http://b", "it's", "m", "m")) if block.system]
    assert found[0].text == "$env:AHQ_KEY = 'it''s'\ncodex"


@pytest.mark.parametrize(
    ("tool", "models", "chosen"),
    [
        ("claude-code", ["gpt-5", "claude-opus-4-8"], "claude-opus-4-8"),
        ("claude-code", ["gpt-5"], "gpt-5"),
        ("codex", ["claude-opus-4-8", "gpt-5"], "gpt-5"),
        ("aider", ["best", "gpt-5"], "best"),
        ("aider", [], ""),
    ],
)
def test_the_model_that_fits_the_tool_is_named(tool: str, models: list[str], chosen: str) -> None:
    assert tool_lines.choose(TOOLS[tool], models) == chosen


def test_side_jobs_go_to_a_small_model_of_the_family() -> None:
    assert tool_lines.small("claude-opus-4-8", ["gpt-5", "claude-haiku-4-5"]) == "claude-haiku-4-5"
    assert tool_lines.small("gpt-5", ["gpt-5", "claude-haiku-4-5"]) == "gpt-5"
