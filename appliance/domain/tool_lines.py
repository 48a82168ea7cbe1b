"""What to copy into a tool so that it makes its calls through the box: exact lines, by each tool's own documentation.

Claude Code: https://code.claude.com/docs/en/llm-gateway · Codex: https://developers.openai.com/codex/config-reference ·
aider: https://aider.chat/docs/llms/openai-compat.html · Continue: https://docs.continue.dev/reference
"""

import json
import shlex
from collections.abc import Callable
from typing import NamedTuple

import msgspec

KEY = "YOUR_KEY"
# Not AGENTHQ_…: those are settings of the box, and an unknown one stops it.
KEY_VARIABLE = "AHQ_KEY"


class Block(msgspec.Struct, frozen=True):
    """`place` says where the text goes; blocks of another `system` (windows) stand in for those before them."""

    place: str
    text: str
    system: str = ""


class Given(NamedTuple):
    """`address` is the box's own, without a path; `small` is the model for a tool's side jobs."""

    address: str
    key: str
    model: str
    small: str

    @property
    def root(self) -> str:
        return f"{self.address}/gw"

    @property
    def v1(self) -> str:
        return f"{self.address}/gw/v1"


class Tool(msgspec.Struct, frozen=True):
    """`surface` is the protocol it speaks; `likes` begins the names of models it is best with."""

    id: str
    name: str
    about: str
    surface: str
    likes: str
    icon: str


TOOLS: dict[str, Tool] = {
    tool.id: tool
    for tool in (
        Tool("claude-code", "Claude Code", "Anthropic's agent in the terminal.", "messages", "claude", "terminal"),
        Tool("codex", "Codex", "OpenAI's agent in the terminal.", "responses", "gpt", "terminal"),
        Tool("aider", "aider", "Pair programming in the terminal.", "chat", "", "git-branch"),
        Tool("continue", "Continue", "Models inside VS Code and JetBrains.", "chat", "", "pencil"),
        Tool("openai-sdk", "OpenAI SDK", "Python programs written for OpenAI.", "chat", "gpt", "plug"),
        Tool("anthropic-sdk", "Anthropic SDK", "Python programs written for Anthropic.", "messages", "claude", "plug"),
        Tool("curl", "curl", "One request by hand, to see that it works.", "chat", "", "send"),
    )
}


def choose(tool: Tool, models: list[str]) -> str:
    """The model that the lines name when nobody chose one; "" when there is none."""
    return next((model for model in models if model.startswith(tool.likes)), models[0] if models else "")


def small(model: str, models: list[str]) -> str:
    """A tool's side jobs go to a small model of the same family where there is one."""
    return next((name for name in models if "haiku" in name and name[:6] == model[:6]), model)


def blocks(tool: Tool, given: Given) -> list[Block]:
    return _WRITERS[tool.id](given)


def _claude_code(given: Given) -> list[Block]:
    env = {
        "ANTHROPIC_BASE_URL": given.root,
        "ANTHROPIC_AUTH_TOKEN": given.key,
        "ANTHROPIC_MODEL": given.model,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": given.small,
    }
    kept = json.dumps({"env": env}, indent=2, ensure_ascii=False)
    return [
        *_shell(env, "claude", forget="ANTHROPIC_API_KEY"),
        Block("Or, for every start: ~/.claude/settings.json", kept),
    ]


def _codex(given: Given) -> list[Block]:
    lines = [
        f"model = {_text(given.model)}",
        'model_provider = "agenthq"',
        "",
        "[model_providers.agenthq]",
        'name = "AgentHQ"',
        f"base_url = {_text(given.v1)}",
        f'env_key = "{KEY_VARIABLE}"',
        'wire_api = "responses"',
    ]
    file = Block("~/.codex/config.toml: the first two lines above every [table]", "\n".join(lines))
    return [file, *_shell({KEY_VARIABLE: given.key}, "codex")]


def _aider(given: Given) -> list[Block]:
    env = {"OPENAI_API_BASE": given.v1, "OPENAI_API_KEY": given.key}
    return _shell(env, f"aider --model {shlex.quote(f'openai/{given.model}')}")


def _continue(given: Given) -> list[Block]:
    lines = [
        "name: AgentHQ",
        "version: 1.0.0",
        "schema: v1",
        "models:",
        f"  - name: {_text(f'{given.model} through AgentHQ')}",
        "    provider: openai",
        f"    model: {_text(given.model)}",
        f"    apiBase: {_text(given.v1)}",
        f"    apiKey: {_text(given.key)}",
        "    roles: [chat, edit, apply]",
    ]
    return [Block("~/.continue/config.yaml", "\n".join(lines))]


def _openai_sdk(given: Given) -> list[Block]:
    code = f"""from openai import OpenAI

client = OpenAI(base_url={_text(given.v1)}, api_key={_text(given.key)})
answer = client.chat.completions.create(
    model={_text(given.model)},
    messages=[{{"role": "user", "content": "Say hello."}}],
)
print(answer.choices[0].message.content)"""
    env = {"OPENAI_BASE_URL": given.v1, "OPENAI_API_KEY": given.key}
    return [Block("Python", code), *_shell(env, "", "Or without a change of code: in the shell")]


def _anthropic_sdk(given: Given) -> list[Block]:
    code = f"""from anthropic import Anthropic

client = Anthropic(base_url={_text(given.root)}, api_key={_text(given.key)})
answer = client.messages.create(
    model={_text(given.model)},
    max_tokens=100,
    messages=[{{"role": "user", "content": "Say hello."}}],
)
print(answer.content[0].text)"""
    env = {"ANTHROPIC_BASE_URL": given.root, "ANTHROPIC_API_KEY": given.key}
    return [Block("Python", code), *_shell(env, "", "Or without a change of code: in the shell")]


def _curl(given: Given) -> list[Block]:
    body = json.dumps(
        {"model": given.model, "messages": [{"role": "user", "content": "Say hello."}]}, ensure_ascii=False
    )
    lines = [
        f"curl {shlex.quote(given.v1 + '/chat/completions')} \\",
        f"  -H {shlex.quote(f'Authorization: Bearer {given.key}')} \\",
        "  -H 'Content-Type: application/json' \\",
        f"  -d {shlex.quote(body)}",
    ]
    return [Block("In the shell", "\n".join(lines))]


def _shell(env: dict[str, str], command: str, place: str = "In the shell", forget: str = "") -> list[Block]:
    """The same for both families of shells."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in env.items()]
    windows = [f"$env:{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in env.items()]
    if forget:
        lines.append(f"unset {forget}")
        windows.append(f"Remove-Item Env:{forget} -ErrorAction Ignore")
    if command:
        lines.append(command)
        windows.append(command)
    return [Block(place, "\n".join(lines)), Block("PowerShell on Windows", "\n".join(windows), "windows")]


def _text(value: str) -> str:
    """A string as JSON, TOML, YAML and Python write it alike."""
    return json.dumps(value, ensure_ascii=False)


_WRITERS: dict[str, Callable[[Given], list[Block]]] = {
    "claude-code": _claude_code,
    "codex": _codex,
    "aider": _aider,
    "continue": _continue,
    "openai-sdk": _openai_sdk,
    "anthropic-sdk": _anthropic_sdk,
    "curl": _curl,
}
