"""The form between → a Responses request. Source: the Responses API reference of OpenAI."""

from collections.abc import Iterable
from typing import Any

import msgspec

from appliance.gateway.translate import families, pieces, tools
from appliance.gateway.translate.form import (
    Call,
    Document,
    Image,
    Part,
    Prompt,
    Refusal,
    Result,
    Tool,
    Turn,
    compact,
    text_of,
)
from appliance.gateway.translate.turns import failed, instructions

_CHOICES = {"auto": "auto", "none": "none", "any": "required"}


def write(prompt: Prompt, model: str) -> bytes:
    """Nothing is stored at the provider: the next request carries the whole conversation again."""
    said, turns = instructions(prompt.turns)
    custom = _custom_calls(turns)
    body = compact(
        model=model,
        instructions="\n\n".join(said),
        input=[item for turn in turns for item in _items(turn, custom)],
        tools=[_tool(tool) for tool in prompt.tools] or None,
        tool_choice=_choice(prompt),
        parallel_tool_calls=prompt.parallel if prompt.tools else None,
        max_output_tokens=prompt.output_cap,
        reasoning=_reasoning(prompt, model),
        text=_text(prompt),
        prompt_cache_key=prompt.cache_key or prompt.session,
        stream=prompt.stream or None,
    )
    prompt.lose(*(["stop_sequences"] if prompt.stop else []), *(["is_error"] if failed(prompt.turns) else []))
    sampling = compact(temperature=prompt.temperature, top_p=prompt.top_p)
    if sampling and not families.samples(model):
        prompt.lose(*sampling)
        sampling = {}
    return msgspec.json.encode(body | {"store": False} | sampling)


def _items(turn: Turn, custom: set[str]) -> Iterable[dict[str, Any]]:
    """A message for each run of plain parts, in between the calls and results."""
    said: list[Part] = []
    for part in turn.parts:
        if isinstance(part, Call | Result):
            yield from _message(turn, said)
            said = []
            yield _call(part) if isinstance(part, Call) else _result(part, custom)
        else:
            said.append(part)
    yield from _message(turn, said)


def _message(turn: Turn, said: list[Part]) -> Iterable[dict[str, Any]]:
    if said:
        role = "developer" if turn.role == "system" else turn.role
        yield {"type": "message", "role": role, "content": [_piece(part, turn.role) for part in said]}


def _piece(part: Part, role: str) -> dict[str, Any]:
    if isinstance(part, Image):
        return {"type": "input_image", "image_url": pieces.data_url(part), "detail": part.detail or "auto"}
    if isinstance(part, Document):
        if part.url:
            return {"type": "input_file", "file_url": part.url}
        return {"type": "input_file", "file_data": pieces.data_url(part), "filename": part.name or "document.pdf"}
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    return {"type": "output_text" if role == "assistant" else "input_text", "text": text_of((part,))}


def _call(call: Call) -> dict[str, Any]:
    if call.kind == "custom":
        name = tools.wire_name(call.name, call.namespace)
        return {"type": "custom_tool_call", "call_id": call.id, "name": name, "input": call.arguments}
    written = tools.plain(call)
    return {
        "type": "function_call",
        "call_id": call.id,
        "name": written.name,
        "arguments": written.arguments or "{}",
    }


def _result(result: Result, custom: set[str]) -> dict[str, Any]:
    plain = not any(isinstance(part, Image | Document) for part in result.parts)
    output = text_of(result.parts) if plain else [_piece(part, "user") for part in result.parts]
    kind = "custom_tool_call_output" if result.call_id in custom else "function_call_output"
    return {"type": kind, "call_id": result.call_id, "output": output}


def _custom_calls(turns: tuple[Turn, ...]) -> set[str]:
    parts = (part for turn in turns for part in turn.parts)
    return {part.id for part in parts if isinstance(part, Call) and part.kind == "custom"}


def _tool(tool: Tool) -> dict[str, Any]:
    name = tools.wire_name(tool.name, tool.namespace)
    if tool.kind == "custom":
        grammar = {"type": "grammar"} | tool.format if tool.format else None
        return compact(type="custom", name=name, description=tool.description, format=grammar)
    return compact(
        type="function",
        name=name,
        description=tool.description,
        parameters=tools.schema(tool),
        strict=bool(tool.strict),
    )


def _choice(prompt: Prompt) -> str | dict[str, Any] | None:
    if prompt.choice is None or not prompt.tools:
        return None
    if prompt.choice.kind != "one":
        return _CHOICES[prompt.choice.kind]
    name = tools.chosen(prompt.choice)
    custom = any(tool.kind == "custom" and tool.name == prompt.choice.name for tool in prompt.tools)
    return {"type": "custom" if custom else "function", "name": name}


def _reasoning(prompt: Prompt, model: str) -> dict[str, Any] | None:
    if prompt.effort and not families.reasons(model):
        prompt.lose("reasoning_effort")
        return None
    return compact(effort=prompt.effort, summary=prompt.summary) or None


def _text(prompt: Prompt) -> dict[str, Any] | None:
    shape, found = prompt.shape, compact(verbosity=prompt.verbosity)
    if shape and shape.schema is None:
        found["format"] = {"type": "json_object"}
    elif shape:
        found["format"] = compact(type="json_schema", name=shape.name, schema=shape.schema, strict=shape.strict)
    return found or None
