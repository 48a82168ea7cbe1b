"""How the simulated provider works on a task without a script: hand out its parts where it is told to, look around,
write the deliverable, finish.

It keeps no state: what it did before is read from the conversation, so a replay continues where it stopped.
"""

import re
from typing import Any
from zlib import crc32

import msgspec
from msgspec import Struct

from appliance.gateway import simulated_lead, simulated_prose
from appliance.gateway.types import ChatRequest, ToolSpec

_TITLE = re.compile(r"^\s*(?:#+\s*|\**(?:task|title)\b[^:\n]{0,12}:\**\s*)(.+?)\s*\**$", re.IGNORECASE | re.MULTILINE)
_PATH = re.compile(r"(?<![\w/.:-])((?:[\w-][\w.-]*/)*[\w-][\w.-]*\.(?:md|txt|json|csv|html|yaml|yml|py))(?![\w/-])")
_ASKED = re.compile(r"file_exists|file exists|\b(?:writ\w+|sav\w+|produc\w+|creat\w+|put\b|into)\b", re.IGNORECASE)
_PHRASE = re.compile(
    r"(?<!not )(?<!never )\b(?:contains?|includes?|mentions?)\b"
    r"(?:[^:\n\"“`']{0,40}:[ \t]*|[ \t]+(?=[\"“`']))(.+?)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED = re.compile(r"[\"“`']([^\"”`']+)[\"”`']")


class Move(Struct, frozen=True):
    """Either text or a tool call with JSON arguments."""

    text: str = ""
    tool: str = ""
    arguments: str = "{}"


def next_move(request: ChatRequest, account_seed: int) -> Move:
    ask = "\n".join(m.content for m in request.messages if m.role == "user")
    heading = title(ask)
    paths, phrases = files(ask), tuple(required_phrases(ask))
    seed = crc32(f"{account_seed}:{request.seed}:{heading}".encode())
    tools = {tool.name: tool for tool in request.tools}
    handed = (
        simulated_lead.calls(ask, heading) if {simulated_lead.DELEGATE, simulated_lead.WAIT} <= tools.keys() else []
    )
    moves = [Move(tool=name, arguments=msgspec.json.encode(given).decode()) for name, given in handed]
    moves += _plan(tools, heading, paths or [_file_name(heading)], phrases, seed)
    made = _made_since_finish(request)
    if following := next((move for move in moves if (move.tool, move.arguments) not in made), None):
        return following
    return Move(simulated_prose.summary(heading, paths if "workspace.write" in tools else (), seed, phrases))


def closing(request: ChatRequest) -> Move:
    """The move after the last line of a script: finish when that is possible and has not been done."""
    finished = any(call.name == "task.finish" for m in request.messages for call in m.tool_calls)
    finish = next((tool for tool in request.tools if tool.name == "task.finish"), None)
    if finish is None or finished:
        return Move("The script is over.")
    said = next((m.content for m in reversed(request.messages) if m.role == "assistant" and m.content), "")
    return _call(finish, {"summary": said or "Every line of the script was played."})


def title(ask: str) -> str:
    found = _TITLE.search(ask)
    line = found[1] if found else next((line for line in ask.splitlines() if line.strip()), "Untitled task")
    return line.strip(" #*\"'`").rstrip(".")[:100] or "Untitled task"


def files(ask: str) -> list[str]:
    """Paths the ask wants to see, in its order; without an explicit wish, the first path it names."""
    wanted: dict[str, None] = {}
    named: dict[str, None] = {}
    for line in ask.splitlines():
        for found in _PATH.finditer(line):
            (wanted if _ASKED.search(line[: found.start()]) else named)[found[1]] = None
    return list(wanted) or list(named)[:1]


def required_phrases(ask: str) -> list[str]:
    found: dict[str, None] = {}
    for match in _PHRASE.finditer(ask):
        quoted = _QUOTED.findall(match[1])
        for phrase in quoted or [match[1].strip()]:
            found[phrase] = None
    return list(found)


def _plan(
    tools: dict[str, ToolSpec], heading: str, paths: list[str], phrases: tuple[str, ...], seed: int
) -> list[Move]:
    moves = []
    if "workspace.list" in tools and seed % 2:
        moves.append(_call(tools["workspace.list"], {}))
    if "workspace.write" in tools:
        for path in paths:
            content = simulated_prose.document(path, heading, phrases, seed)
            moves.append(_call(tools["workspace.write"], {"path": path, "content": content}))
    if "task.finish" in tools:
        written = paths if "workspace.write" in tools else []
        moves.append(_call(tools["task.finish"], {"summary": simulated_prose.summary(heading, written, seed, phrases)}))
    return moves


_SYNONYMS = {
    "path": ("path", "file", "filename", "name"),
    "content": ("content", "text", "body", "data"),
    "summary": ("summary", "result", "output", "text", "message"),
}


def _call(tool: ToolSpec, meanings: dict[str, str]) -> Move:
    """The meanings under the names this tool's schema uses for them."""
    properties: dict[str, Any] = tool.parameters.get("properties") or {}
    arguments = {
        next((name for name in _SYNONYMS[meaning] if name in properties), meaning): value
        for meaning, value in meanings.items()
    }
    return Move(tool=tool.name, arguments=msgspec.json.encode(arguments).decode())


def _made_since_finish(request: ChatRequest) -> set[tuple[str, str]]:
    """Tool calls made; whoever asks again after a finish gets the whole plan again."""
    made: set[tuple[str, str]] = set()
    for message in request.messages:
        for call in message.tool_calls:
            made = set() if call.name == "task.finish" else made | {(call.name, call.arguments)}
    return made


def _file_name(heading: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")[:48].strip("-")
    return f"{slug or 'result'}.md"
