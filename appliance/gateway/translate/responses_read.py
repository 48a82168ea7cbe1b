"""A Responses request → the form between. Source: the Responses API reference of OpenAI, and what Codex sends."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from appliance.gateway.translate import pieces, tools
from appliance.gateway.translate.form import (
    Call,
    Choice,
    Prompt,
    Result,
    Role,
    Shape,
    Text,
    Tool,
    Turn,
    Untranslatable,
    decode,
    unread,
)
from appliance.gateway.translate.turns import ordered

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_ELSEWHERE = {
    "previous_response_id": "an earlier answer that is stored at the provider (previous_response_id)",
    "conversation": "a conversation that is stored at the provider",
    "prompt": "a prompt template that is stored at the provider",
}


class _Action(Struct):
    command: list[str] = []
    timeout_ms: float | None = None
    working_directory: str | None = None


class _Tool(Struct):
    type: str
    name: str = ""
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    format: dict[str, Any] | None = None
    tools: "list[_Tool] | None" = None


class _Item(Struct):
    type: str = "message"
    role: str = ""
    content: str | list[pieces.Piece] | None = None
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    arguments: Any = ""
    input: str = ""
    output: str | list[pieces.Piece] | None = None
    action: _Action | None = None
    tools: list[_Tool] | None = None


class _Choice(Struct):
    type: str
    name: str = ""
    namespace: str | None = None
    mode: str = "auto"
    tools: list[_Tool] = []


class _Reasoning(Struct):
    effort: str | None = None
    summary: str | None = None


class _Format(Struct):
    type: str = "text"
    name: str = ""
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class _TextConfig(Struct):
    format: _Format | None = None
    verbosity: str | None = None


class _Request(Struct):
    input: str | list[_Item] | None = None
    instructions: str | None = None
    tools: list[_Tool] | None = None
    tool_choice: str | _Choice | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stream: bool | None = None
    reasoning: _Reasoning | None = None
    text: _TextConfig | None = None
    prompt_cache_key: str | None = None
    previous_response_id: str | None = None
    conversation: Any = None
    prompt: Any = None
    background: bool | None = None


_READ = frozenset(_Request.__struct_fields__) | {"model", "stream_options", "include", "client_metadata"}


def read(body: bytes) -> Prompt:
    """Raises Untranslatable."""
    asked = decode(body, _Request, "a Responses request")
    _refuse(asked)
    reasoning, text = asked.reasoning or _Reasoning(), asked.text or _TextConfig()
    prompt = Prompt(
        output_cap=asked.max_output_tokens,
        temperature=asked.temperature,
        top_p=asked.top_p,
        stream=bool(asked.stream),
        effort=reasoning.effort or "",
        summary=reasoning.summary or "",
        verbosity=text.verbosity or "",
        shape=_shape(text.format),
        parallel=asked.parallel_tool_calls,
        cache_key=asked.prompt_cache_key or "",
    )
    prompt.lose(*unread(body, _READ))
    prompt.tools = tuple(_tools(asked.tools or [], prompt))
    _choose(asked.tool_choice, prompt)
    items = [_Item(role="user", content=asked.input)] if isinstance(asked.input, str) else asked.input or []
    said = [turn for item in items for turn in _turns(item, prompt)]
    prompt.turns = ordered([Turn("system", (Text(asked.instructions),) if asked.instructions else ()), *said])
    return prompt


def _refuse(asked: _Request) -> None:
    for name, what in _ELSEWHERE.items():
        if getattr(asked, name):
            raise Untranslatable(f"This request needs {what}, which this model can't read; send the whole input.")
    if asked.background:
        raise Untranslatable("An answer in the background can't be had from this model.")


def _turns(item: _Item, prompt: Prompt) -> Iterable[Turn]:
    match item.type:
        case "message":
            if item.role not in _ROLES:
                raise Untranslatable(f"There is no role {item.role} in a conversation.")
            yield Turn(_ROLES[item.role], tuple(pieces.parts(item.content or "", prompt)))
        case "function_call" | "custom_tool_call" | "local_shell_call":
            yield Turn("assistant", (_call(item),))
        case "function_call_output" | "custom_tool_call_output" | "local_shell_call_output":
            parts = tuple(pieces.parts(item.output or "", prompt))
            yield Turn("user", (Result(item.call_id or item.id or "", parts),))
        case "additional_tools":
            prompt.tools += tuple(_tools(item.tools or [], prompt))
        case "reasoning":
            prompt.lose("encrypted_reasoning")
        case "item_reference" | "compaction":
            raise Untranslatable("This request needs parts of a conversation that only their own provider can read.")
        case _:
            prompt.lose(f"item:{item.type}")


def _call(item: _Item) -> Call:
    call_id = item.call_id or item.id or ""
    if item.type == "custom_tool_call":
        return Call(call_id, item.name or "", item.input, "custom", item.namespace or "")
    if item.type == "local_shell_call":
        action = msgspec.json.encode(item.action or _Action()).decode()
        return Call(call_id, "local_shell", action, "local_shell")
    arguments = item.arguments if isinstance(item.arguments, str) else msgspec.json.encode(item.arguments).decode()
    return Call(call_id, item.name or "", arguments, namespace=item.namespace or "")


def _tools(given: list[_Tool], prompt: Prompt, namespace: str = "") -> Iterable[Tool]:
    for tool in given:
        match tool.type:
            case "function":
                schema = tool.parameters or {}
                yield Tool(tool.name, tool.description or "", schema, tool.strict, namespace=namespace)
            case "custom":
                yield msgspec.structs.replace(
                    pieces.custom(tool.name, tool.description, tool.format), namespace=namespace
                )
            case "local_shell":
                yield Tool("local_shell", "Runs a program on the user's machine.", tools.LOCAL_SHELL, kind=tool.type)
            case "namespace":
                yield from _tools(tool.tools or [], prompt, tool.name)
            case _:
                prompt.lose(f"builtin_tool:{tool.type}")


def _choose(choice: str | _Choice | None, prompt: Prompt) -> None:
    if isinstance(choice, _Choice) and choice.type == "allowed_tools":
        allowed = {tool.name for tool in choice.tools}
        prompt.tools = tuple(tool for tool in prompt.tools if tool.name in allowed or tool.namespace in allowed)
        choice = choice.mode
    if isinstance(choice, _Choice):
        known = any(tool.name == choice.name for tool in prompt.tools)
        prompt.choice = Choice("one", choice.name, choice.namespace or "") if known else Choice()
    elif choice:
        prompt.choice = pieces.choice(choice)


def _shape(wanted: _Format | None) -> Shape | None:
    if wanted is None or wanted.type == "text":
        return None
    return Shape(wanted.schema, wanted.name or "answer", wanted.strict)
