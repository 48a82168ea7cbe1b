"""A chat-completions request → the form between. Source: the Chat Completions API reference of OpenAI."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from appliance.gateway.translate import pieces
from appliance.gateway.translate.form import (
    Call,
    Choice,
    Part,
    Prompt,
    Refusal,
    Result,
    Role,
    Shape,
    Tool,
    Turn,
    Untranslatable,
    decode,
    unread,
)
from appliance.gateway.translate.turns import ordered

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


class _Named(Struct):
    name: str = ""


class _Function(Struct):
    name: str = ""
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    arguments: str = ""
    input: str = ""
    format: dict[str, Any] | None = None


class _Tool(Struct):
    type: str = "function"
    id: str = ""
    function: _Function | None = None
    custom: _Function | None = None


class _Turn(Struct):
    role: str
    content: str | list[pieces.Piece] | None = None
    refusal: str | None = None
    tool_calls: list[_Tool] | None = None
    tool_call_id: str | None = None


class _Allowed(Struct):
    mode: str = "auto"
    tools: list[_Tool] = []


class _Choice(Struct):
    type: str
    function: _Named | None = None
    custom: _Named | None = None
    allowed_tools: _Allowed | None = None


class _Schema(Struct):
    name: str = ""
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class _Format(Struct):
    type: str
    json_schema: _Schema | None = None


class _StreamOptions(Struct):
    include_usage: bool | None = None


class _Request(Struct):
    messages: list[_Turn]
    tools: list[_Tool] | None = None
    tool_choice: str | _Choice | None = None
    parallel_tool_calls: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    response_format: _Format | None = None
    prompt_cache_key: str | None = None
    n: int | None = None
    functions: list[Any] | None = None
    modalities: list[str] | None = None


_READ = frozenset(_Request.__struct_fields__) | {"model", "function_call", "audio"}


def read(body: bytes) -> Prompt:
    """Raises Untranslatable."""
    asked = decode(body, _Request, "a chat-completions request")
    _refuse(asked)
    prompt = Prompt(
        output_cap=asked.max_completion_tokens or asked.max_tokens,
        temperature=asked.temperature,
        top_p=asked.top_p,
        stop=(asked.stop,) if isinstance(asked.stop, str) else tuple(asked.stop or ()),
        stream=bool(asked.stream),
        effort=asked.reasoning_effort or "",
        verbosity=asked.verbosity or "",
        shape=_shape(asked.response_format),
        parallel=asked.parallel_tool_calls,
        cache_key=asked.prompt_cache_key or "",
        usage_wanted=bool((asked.stream_options or _StreamOptions()).include_usage),
    )
    prompt.lose(*unread(body, _READ))
    prompt.tools = tuple(_tools(asked.tools or [], prompt))
    _choose(asked.tool_choice, prompt)
    prompt.turns = ordered(_turn(turn, prompt) for turn in asked.messages)
    return prompt


def _refuse(asked: _Request) -> None:
    if (asked.n or 1) > 1:
        raise Untranslatable("Several answers to one request (n) can't be had from this model.")
    if asked.functions:
        raise Untranslatable("The old functions field can't be sent to this model; use tools.")
    if "audio" in (asked.modalities or []):
        raise Untranslatable("An answer in sound can't be had from this model.")


def _turn(turn: _Turn, prompt: Prompt) -> Turn:
    said = tuple(pieces.parts(turn.content or "", prompt))
    if turn.role in {"tool", "function"}:
        return Turn("user", (Result(turn.tool_call_id or "", said),))
    if turn.role not in _ROLES:
        raise Untranslatable(f"There is no role {turn.role} in a conversation.")
    refusal: tuple[Part, ...] = (Refusal(turn.refusal),) if turn.refusal else ()
    return Turn(_ROLES[turn.role], (*said, *refusal, *(_call(call) for call in turn.tool_calls or [])))


def _call(call: _Tool) -> Call:
    if call.custom:
        return Call(call.id, call.custom.name, call.custom.input, "custom")
    function = call.function or _Function()
    return Call(call.id, function.name, function.arguments)


def _tools(given: list[_Tool], prompt: Prompt) -> Iterable[Tool]:
    for tool in given:
        if tool.custom:
            yield pieces.custom(tool.custom.name, tool.custom.description, tool.custom.format)
        elif tool.function:
            function = tool.function
            yield Tool(function.name, function.description or "", function.parameters or {}, function.strict)
        else:
            prompt.lose(f"builtin_tool:{tool.type}")


def _choose(choice: str | _Choice | None, prompt: Prompt) -> None:
    if isinstance(choice, _Choice) and choice.allowed_tools:
        allowed = {(tool.function or tool.custom or _Function()).name for tool in choice.allowed_tools.tools}
        prompt.tools = tuple(tool for tool in prompt.tools if tool.name in allowed)
        choice = choice.allowed_tools.mode
    if isinstance(choice, _Choice):
        named = choice.function or choice.custom or _Named()
        prompt.choice = Choice("one", named.name)
    elif choice:
        prompt.choice = pieces.choice(choice)


def _shape(wanted: _Format | None) -> Shape | None:
    if wanted is None or wanted.type == "text":
        return None
    schema = wanted.json_schema or _Schema()
    return Shape(schema.schema, schema.name or "answer", schema.strict)
