"""A Messages request → the form between. Source: the Messages API reference, and what Claude Code sends."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from appliance.gateway.translate import families
from appliance.gateway.translate.form import (
    Call,
    Choice,
    Document,
    Image,
    Part,
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

# Claude Code's own bookkeeping, new with each of its versions: no word for a model, and it would spoil prompt caches.
_BILLING = "x-anthropic-billing-header:"


_LOST = {"thinking": "thinking_signature", "redacted_thinking": "thinking_signature"}


class _Source(Struct):
    type: str = ""
    media_type: str = ""
    data: str = ""
    url: str = ""
    content: Any = None


class _Block(Struct):
    type: str = ""
    text: str = ""
    id: str = ""
    name: str = ""
    title: str | None = None
    input: Any = None
    source: Any = None
    tool_use_id: str = ""
    content: Any = None
    is_error: bool | None = None
    cache_control: Any = None


class _Turn(Struct):
    role: Role
    content: str | list[_Block]


class _Tool(Struct):
    name: str = ""
    type: str | None = None
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None
    cache_control: Any = None


class _Choice(Struct):
    type: str
    name: str = ""
    disable_parallel_tool_use: bool | None = None


class _Thinking(Struct):
    type: str
    budget_tokens: int = 0


class _Format(Struct):
    schema: dict[str, Any] | None = None


class _Output(Struct):
    effort: str | None = None
    format: _Format | None = None


class _Metadata(Struct):
    user_id: str | None = None


class _Session(Struct):
    session_id: str = ""


class _Request(Struct):
    messages: list[_Turn]
    metadata: _Metadata | None = None
    system: str | list[_Block] | None = None
    tools: list[_Tool] | None = None
    tool_choice: _Choice | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None
    thinking: _Thinking | None = None
    output_config: _Output | None = None
    output_format: _Format | None = None


_READ = frozenset(_Request.__struct_fields__) | {"model"}


def read(body: bytes) -> Prompt:
    """Raises Untranslatable."""
    asked = decode(body, _Request, "a Messages request")
    prompt = Prompt(
        output_cap=asked.max_tokens,
        temperature=asked.temperature,
        top_p=asked.top_p,
        stop=tuple(asked.stop_sequences or ()),
        stream=bool(asked.stream),
        effort=_effort(asked),
        shape=_shape(asked),
        session=_session(asked.metadata),
    )
    prompt.lose(*unread(body, _READ))
    prompt.tools = tuple(_tools(asked.tools or [], prompt))
    _choose(asked.tool_choice, prompt)
    system = Turn("system", tuple(_parts(asked.system or "", prompt)))
    said = (Turn(turn.role, tuple(_parts(turn.content, prompt))) for turn in asked.messages)
    prompt.turns = ordered([system, *said])
    return prompt


def _parts(content: str | list[_Block], prompt: Prompt) -> Iterable[Part]:
    if isinstance(content, str):
        yield Text(content)
        return
    for block in content:
        if block.cache_control:
            prompt.lose("cache_control")
        yield from _part(block, prompt)


def _part(block: _Block, prompt: Prompt) -> Iterable[Part]:
    match block.type:
        case "text":
            if not block.text.startswith(_BILLING):
                yield Text(block.text)
        case "image":
            yield _image(_source(block))
        case "document":
            yield _document(_source(block), block.title or "")
        case "tool_use":
            yield Call(block.id, block.name, msgspec.json.encode(block.input or {}).decode())
        case "tool_result":
            yield Result(block.tool_use_id, tuple(_parts(_nested(block.content), prompt)), bool(block.is_error))
        case "search_result":
            yield from (Text(block.title or ""), *_parts(_nested(block.content), prompt))
        case _:
            prompt.lose(_LOST.get(block.type, f"block:{block.type}"))


def _nested(content: Any) -> str | list[_Block]:
    try:
        return msgspec.convert(content or "", str | list[_Block])
    except msgspec.ValidationError as error:
        raise Untranslatable(f"This is no content of a block: {error}.") from None


def _source(block: _Block) -> _Source:
    try:
        return msgspec.convert(block.source, _Source)
    except msgspec.ValidationError as error:
        raise Untranslatable(f"This is no source of an {block.type} block: {error}.") from None


def _image(source: _Source) -> Image:
    if source.type not in {"base64", "url"}:
        raise Untranslatable("A picture that is stored as a file at one provider can't be sent to another.")
    return Image(source.media_type, source.data, source.url)


def _document(source: _Source, title: str) -> Part:
    if source.type == "text":
        return Text(f"{title}\n\n{source.data}".strip())
    if source.type not in {"base64", "url"}:
        raise Untranslatable("A document that is stored as a file at one provider can't be sent to another.")
    return Document(source.media_type, source.data, source.url, title)


def _tools(given: list[_Tool], prompt: Prompt) -> Iterable[Tool]:
    for tool in given:
        if tool.cache_control:
            prompt.lose("cache_control")
        if tool.type in {None, "custom"}:
            yield Tool(tool.name, tool.description or "", tool.input_schema or {}, tool.strict)
        else:
            prompt.lose(f"builtin_tool:{tool.name or tool.type}")


def _choose(choice: _Choice | None, prompt: Prompt) -> None:
    if choice is None:
        return
    if choice.disable_parallel_tool_use is not None:
        prompt.parallel = not choice.disable_parallel_tool_use
    match choice.type:
        case "any" | "none":
            prompt.choice = Choice(choice.type)
        case "tool" if any(tool.name == choice.name for tool in prompt.tools):
            prompt.choice = Choice("one", choice.name)
        case _:
            prompt.choice = Choice()


def _effort(asked: _Request) -> str:
    if asked.output_config and asked.output_config.effort:
        return asked.output_config.effort
    if asked.thinking and asked.thinking.type == "enabled":
        return families.effort_of(asked.thinking.budget_tokens)
    return ""


def _session(metadata: _Metadata | None) -> str:
    """Claude Code writes JSON into the user's id."""
    try:
        return msgspec.json.decode((metadata and metadata.user_id) or "{}", type=_Session).session_id
    except msgspec.DecodeError:
        return ""


def _shape(asked: _Request) -> Shape | None:
    wanted = (asked.output_config.format if asked.output_config else None) or asked.output_format
    return Shape(wanted.schema, "answer", strict=True) if wanted and wanted.schema else None
