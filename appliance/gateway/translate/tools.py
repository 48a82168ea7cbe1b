"""Tools that another protocol has no word for, under names it takes, and the way back in what the model calls.

A custom tool takes free text: elsewhere it becomes a function with one string. A namespace becomes a part of the name.
"""

import re
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from appliance.gateway.translate.form import Call, Choice, Prompt, Tool, ToolKind

LONGEST_NAME = 64
_FORBIDDEN = re.compile(r"[^a-zA-Z0-9_-]")
_FREE_TEXT = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole input of this tool as plain text."}},
    "required": ["input"],
    "additionalProperties": False,
}
LOCAL_SHELL = {
    "type": "object",
    "properties": {
        "command": {"type": "array", "items": {"type": "string"}, "description": "The program and its arguments."},
        "working_directory": {"type": "string"},
        "timeout_ms": {"type": "number"},
    },
    "required": ["command"],
}


class Origin(Struct, frozen=True):
    """What a tool was called by the one who asked."""

    name: str
    kind: ToolKind = "function"
    namespace: str = ""


Origins = dict[str, Origin]


def wire_name(name: str, namespace: str = "") -> str:
    """A name that every protocol takes: at most 64 letters, digits, _ and -."""
    whole = _FORBIDDEN.sub("_", f"{namespace}__{name}" if namespace else name)
    if len(whole) <= LONGEST_NAME:
        return whole
    return f"{whole[: LONGEST_NAME - 9]}_{blake2b(whole.encode(), digest_size=4).hexdigest()}"


def origins(prompt: Prompt) -> Origins:
    """The tools whose calls must change on the way back, by the name the model sees."""
    found = {
        wire_name(tool.name, tool.namespace): Origin(tool.name, tool.kind, tool.namespace) for tool in prompt.tools
    }
    return {wire: origin for wire, origin in found.items() if origin != Origin(wire)}


def back(call: Call, known: Origins) -> Call:
    """A call by the name of the model's side → as the one who asked knows it."""
    origin = known.get(call.name)
    if origin is None:
        return call
    arguments = _free_text(call.arguments) if origin.kind == "custom" and call.kind != "custom" else call.arguments
    return Call(call.id, origin.name, arguments, origin.kind, origin.namespace)


def plain(call: Call) -> Call:
    """A call as a function call, for a protocol that has nothing else."""
    name = wire_name(call.name, call.namespace)
    if call.kind != "custom":
        return Call(call.id, name, call.arguments)
    return Call(call.id, name, msgspec.json.encode({"input": call.arguments}).decode())


def schema(tool: Tool) -> dict[str, Any]:
    if tool.kind == "custom":
        return _FREE_TEXT
    return {"type": "object"} | (tool.schema or {"properties": {}})


def description(tool: Tool) -> str:
    return "\n\n".join(filter(None, (tool.description, tool.grammar)))


def chosen(choice: Choice) -> str:
    return wire_name(choice.name, choice.namespace)


def as_object(arguments: str) -> dict[str, Any]:
    """Arguments for a wire that takes only objects; what a model once sent broken is shown to it as it was."""
    try:
        parsed = msgspec.json.decode(arguments or "{}")
    except msgspec.DecodeError:
        parsed = None
    return parsed if isinstance(parsed, dict) else {"invalid_arguments": arguments}


def _free_text(arguments: str) -> str:
    given = as_object(arguments)
    text = given.get("input")
    return text if isinstance(text, str) else arguments
