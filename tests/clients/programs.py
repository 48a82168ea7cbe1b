"""The clients: what installs them, and what one turn of each is called on the command line."""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.clients.fake import GREETING, REPEATS

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "clients"
PATIENCE_S = 120
PROMPTS = {"tool": "Use the TOOL", "long": "Answer WITHOUT-END"}
CODEX = """
model_provider = "box"
[model_providers.box]
name = "Box"
base_url = "{address}/v1"
env_key = "BOX_KEY"
wire_api = "responses"
"""


class Client(NamedTuple):
    """`turns` that it knows; `speaks` is its protocol."""

    name: str
    speaks: str
    turns: tuple[str, ...] = ("plain", "stream", "tool")


CLIENTS = (
    Client("Claude Code", "messages"),
    Client("anthropic SDK", "messages"),
    Client("Codex", "responses"),
    Client("openai SDK, Responses", "responses"),
    Client("openai SDK, chat", "chat"),
    Client("aider", "chat", ("plain", "stream")),
)


class Turn(NamedTuple):
    command: list[str]
    env: dict[str, str]


def run(client: Client, turn: str, address: str, key: str, model: str) -> str:
    """ "" when the client said what the provider had said, else the end of what it printed."""
    wanted = REPEATS if turn == "tool" else GREETING
    said = printed(client, turn, address, key, model)
    return "" if wanted in said else said[-500:] or "nothing"


def printed(client: Client, turn: str, address: str, key: str, model: str) -> str:
    """What the client says until it ends."""
    folder = HOME / "work" / client.name.replace(" ", "-").replace(",", "")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    command, more = turn_of(client, turn, address, key, model, folder)
    env = {"HOME": str(folder), "PATH": os.environ["PATH"], "NO_COLOR": "1"} | more
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"nothing after {PATIENCE_S} s"
    return done.stdout


def turn_of(client: Client, turn: str, address: str, key: str, model: str, folder: Path) -> Turn:
    if client.name == "Claude Code":
        return _claude_code(turn, address, key, model)
    if client.name == "Codex":
        return _codex(turn, address, key, model, folder)
    if client.name == "aider":
        return _aider(turn, address, key, model)
    python = str(HOME / "sdks" / "bin" / "python")
    return Turn([python, str(Path(__file__).parent / "sdks.py"), client.speaks, turn, address, key, model], {})


def _claude_code(turn: str, address: str, key: str, model: str) -> Turn:
    program = str(HOME / "node" / "node_modules" / ".bin" / "claude")
    streams = ["--output-format", "stream-json", "--include-partial-messages", "--verbose"]
    prompt = PROMPTS.get(turn, "Say hello")
    command = [program, "-p", prompt, "--model", model, "--allowedTools", "Bash"]
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
    quiet["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = "32000"
    env = {"ANTHROPIC_BASE_URL": address, "ANTHROPIC_API_KEY": key} | quiet
    return Turn(command + (streams if turn == "stream" else []), env)


def _codex(turn: str, address: str, key: str, model: str, folder: Path) -> Turn:
    (folder / ".codex").mkdir(exist_ok=True)
    (folder / ".codex" / "config.toml").write_text(CODEX.format(address=address))
    program = str(HOME / "node" / "node_modules" / ".bin" / "codex")
    prompt = PROMPTS.get(turn, "Say hello")
    command = [program, "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-m", model]
    return Turn([*command, *(["--json"] if turn == "stream" else []), prompt], {"BOX_KEY": key})


def _aider(turn: str, address: str, key: str, model: str) -> Turn:
    program = str(HOME / "aider" / "bin" / "aider")
    quiet = ["--no-show-model-warnings", "--no-check-update", "--analytics-disable", "--no-git", "--yes-always"]
    how = "--stream" if turn in ("stream", "long") else "--no-stream"
    command = [program, "--model", f"openai/{model}", how, *quiet, "--message", PROMPTS.get(turn, "Say hello")]
    return Turn(command, {"OPENAI_API_BASE": f"{address}/v1", "OPENAI_API_KEY": key})
