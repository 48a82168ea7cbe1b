"""How the simulated provider works on a task without a script: hand out its parts where it is told to, look around,
write the deliverable, finish.

It keeps no state: what it did before is read from the conversation, so a replay continues where it stopped.
"""

import re
from typing import Any
from zlib import crc32

import msgspec
from msgspec import Struct

from appliance.gateway import simulated_json, simulated_lead, simulated_prose
from appliance.gateway.types import ChatRequest, ToolSpec

_TITLE = re.compile(r"^\s*(?:#+\s*|\**(?:task|title)\b[^:\n]{0,12}:\**\s*)(.+?)\s*\**$", re.IGNORECASE | re.MULTILINE)
_PATH = re.compile(r"(?<![\w/.:-])((?:[\w-][\w.-]*/)*[\w-][\w.-]*\.(?:md|txt|json|csv|html|yaml|yml|py))(?![\w/-])")
_ASKED = re.compile(r"file_exists|file exists|\b(?:writ\w+|sav\w+|produc\w+|creat\w+|put\b|into)\b", re.IGNORECASE)
_PHRASE = re.compile(
    r"(?<!not )(?<!never )\b(?:contains?|includes?|mentions?)\b"
    r"(?:[^:\n\"“`']{0,40}:[ \t]*|[ \t]+(?=[\"“`']))(.+?)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_CHECKED = re.compile(r"^- file (\S+) (?:contains|fits|matches|does) .*$", re.MULTILINE)
# As a run's first message states a check; see engine/prompt.py.
_SCHEMA = re.compile(r"^- (?:file (\S+)|the result) fits the JSON schema: (\{.*\})$", re.MULTILINE)
_QUOTED = re.compile(r"[\"“`']([^\"”`']+)[\"”`']")


class Move(Struct, frozen=True):
    """Either text or a tool call with JSON arguments."""

    text: str = ""
    tool: str = ""
    arguments: str = "{}"


def next_move(request: ChatRequest, account_seed: int) -> Move:
    ask = "\n".join(m.content for m in request.messages if m.role == "user")
    heading = title(ask)
    seed = crc32(f"{account_seed}:{request.seed}:{heading}".encode())
    tools = {tool.name: tool for tool in request.tools}
    paths = (files(_SCHEMA.sub("", ask)) or [_file_name(heading)]) if "workspace.write" in tools else []
    summary = _content("", ask, heading, seed) or simulated_prose.summary(
        heading, paths, seed, required_phrases(_about_file("", ask))
    )
    moves = _handed_out(tools, ask, heading)
    if "workspace.list" in tools and seed % 2:
        moves.append(_call(tools["workspace.list"], {}))
    for path in paths:
        content = _content(path, ask, heading, seed)
        moves.append(_call(tools["workspace.write"], {"path": path, "content": content}))
    if "task.finish" in tools:
        moves.append(_call(tools["task.finish"], {"summary": summary}))
    made = _made_since_finish(request)
    return next((move for move in moves if (move.tool, move.arguments) not in made), Move(summary))


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


def _handed_out(tools: dict[str, ToolSpec], ask: str, heading: str) -> list[Move]:
    if not {simulated_lead.DELEGATE, simulated_lead.WAIT} <= tools.keys():
        return []
    calls = simulated_lead.calls(ask, heading)
    return [Move(tool=name, arguments=msgspec.json.encode(given).decode()) for name, given in calls]


def _content(path: str, ask: str, heading: str, seed: int) -> str:
    """What to write to `path`; of the result itself, whose path is "", only what a schema asks for."""
    schema = next((text for name, text in _SCHEMA.findall(ask) if name == path), "")
    if schema and (fitting := simulated_json.document(schema, simulated_prose.about(heading), seed)):
        return fitting
    phrases = tuple(required_phrases(_about_file(path, ask)))
    return simulated_prose.document(path, heading, phrases, seed) if path else ""


def _about_file(path: str, ask: str) -> str:
    """The ask without the checks of other files."""
    return _CHECKED.sub(lambda found: found[0] if found[1] == path else "", ask)


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
