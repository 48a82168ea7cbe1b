"""The tools of the built-in runtime: what an agent may do, with each tool's effect class and argument schema."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from appliance.db.database import Database
from appliance.domain import comments, schema
from appliance.domain.actor import Actor
from appliance.domain.tasks import Task
from appliance.domain.workspace import Workspace
from appliance.errors import Problem

Effect = Literal["tx", "idempotent", "keyed", "checkable", "once"]
READ_LIMIT = 32_000
MATCHES = 50


class Bench(msgspec.Struct, frozen=True):
    """Where a tool works: the open database, the task, the agent as actor, and the task's files."""

    db: Database
    task: Task
    actor: Actor
    workspace: Workspace


class Tool(msgspec.Struct, frozen=True):
    """`effect` is its class (engine/effects.py); one that `needs_approval` waits for a person to agree."""

    name: str
    effect: Effect
    description: str
    parameters: dict[str, Any]
    run: Callable[[Bench, dict[str, Any]], str]
    needs_approval: bool = False


class BadArguments(Exception):
    """The model's arguments do not fit the tool's schema; the text tells it how."""


def parse(tool: Tool, raw: str) -> dict[str, Any]:
    """Raises BadArguments with a sentence for the model."""
    try:
        given = msgspec.json.decode(raw or "{}")
    except msgspec.DecodeError as error:
        raise BadArguments(f"The arguments of {tool.name} are not valid JSON: {error}.") from error
    if wrong := schema.fault(given, tool.parameters):
        raise BadArguments(f"The arguments of {tool.name} are not valid: {wrong}.")
    return dict(given)


def use(tool: Tool, bench: Bench, arguments: dict[str, Any]) -> str:
    """The tool's answer to the model; a refusal is an answer too, so the model can do better."""
    try:
        return tool.run(bench, arguments)
    except Problem as problem:
        if problem.code in ("disk_full", "unavailable"):
            # The box's trouble, not the model's: the run waits until it is over.
            raise
        return f"error: {problem.detail}"


def _read(bench: Bench, given: dict[str, Any]) -> str:
    text = bench.workspace.read(given["path"]).decode("utf-8", "replace")
    start = int(given.get("offset", 0))
    part = text[start : start + READ_LIMIT]
    left = len(text) - start - len(part)
    return part + (f"\n[{left} more characters; read on with offset {start + len(part)}]" if left > 0 else "")


def _write(bench: Bench, given: dict[str, Any]) -> str:
    content = given["content"].encode()
    bench.workspace.write(given["path"], content)
    return f"wrote {given['path']} ({len(content):,} bytes)"


def _list(bench: Bench, given: dict[str, Any]) -> str:
    files = bench.workspace.files()
    return "\n".join(f"{file.path} ({file.size:,} bytes)" for file in files) or "The workspace is empty."


def _search(bench: Bench, given: dict[str, Any]) -> str:
    wanted, found = given["text"].lower(), []
    for file in bench.workspace.files():
        lines = (bench.workspace.text(file.path) or "").splitlines()
        found += [f"{file.path}:{n}: {line[:200]}" for n, line in enumerate(lines, 1) if wanted in line.lower()]
    more = f"\n[{len(found) - MATCHES} more matches]" if len(found) > MATCHES else ""
    return "\n".join(found[:MATCHES]) + more or f"No line contains “{given['text']}”."


def _comment(bench: Bench, given: dict[str, Any]) -> str:
    comments.add(bench.db, bench.actor, bench.task.id, given["text"])
    return "comment added"


def _finish(bench: Bench, given: dict[str, Any]) -> str:
    return str(given["summary"])


def _object(required: tuple[str, ...], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_PATH = {"type": "string", "description": "Path inside the workspace, for example notes/summary.md"}
FINISH = "task.finish"
REGISTRY: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "workspace.read",
            "idempotent",
            "Read a text file of the task's workspace.",
            _object(("path",), path=_PATH, offset={"type": "integer", "minimum": 0, "description": "First character"}),
            _read,
        ),
        Tool(
            "workspace.write",
            "idempotent",
            "Create or replace a text file of the task's workspace. Deliverables are files.",
            _object(
                ("path", "content"), path=_PATH, content={"type": "string", "description": "The whole new content"}
            ),
            _write,
        ),
        Tool("workspace.list", "idempotent", "List the files of the task's workspace.", _object(()), _list),
        Tool(
            "workspace.search",
            "idempotent",
            "Find the lines of the workspace's files that contain a text, in any case.",
            _object(("text",), text={"type": "string", "minLength": 1}),
            _search,
        ),
        Tool(
            "task.comment",
            "tx",
            "Leave a note on the task for the people who follow it.",
            _object(("text",), text={"type": "string", "minLength": 1}),
            _comment,
        ),
        Tool(
            FINISH,
            "tx",
            "Say that the task is complete. The acceptance checks are judged; when one fails you are told and go on.",
            _object(("summary",), summary={"type": "string", "minLength": 1, "description": "The result, for people"}),
            _finish,
        ),
    )
}
