"""The form between → a chat-completions request. Source: the Chat Completions API reference of OpenAI."""

from collections.abc import Iterable
from typing import Any

import msgspec

from appliance.gateway.translate import families, pieces, tools
from appliance.gateway.translate.form import Call, Document, Image, Part, Prompt, Result, Turn, compact, text_of
from appliance.gateway.translate.turns import demoted, failed, instructions

MOST_STOPS = 4
_CHOICES = {"auto": "auto", "none": "none", "any": "required"}


def write(prompt: Prompt, model: str) -> bytes:
    own = families.new_cap_name(model)
    cap = "max_completion_tokens" if own else "max_tokens"
    body = compact(
        model=model,
        messages=_messages(prompt, own=own),
        tools=_tools(prompt) or None,
        tool_choice=_choice(prompt),
        parallel_tool_calls=prompt.parallel if prompt.tools else None,
        response_format=_format(prompt),
        stream=prompt.stream or None,
        stream_options={"include_usage": True} if prompt.stream else None,
    )
    if failed(prompt.turns):
        prompt.lose("is_error")
    body |= compact(**{cap: prompt.output_cap})
    body |= _settings(prompt, model)
    return msgspec.json.encode(body)


def _messages(prompt: Prompt, *, own: bool) -> list[dict[str, Any]]:
    """One system message at the beginning: the templates of many models refuse a second one, OpenAI's don't."""
    said, turns = instructions(prompt.turns)
    if not own and any(turn.role == "system" for turn in turns):
        prompt.lose("system_in_conversation")
        turns = demoted(turns)
    opening = [{"role": "system", "content": "\n\n".join(said)}] if said else []
    return [*opening, *(message for turn in turns for message in _turn(turn))]


def _turn(turn: Turn) -> Iterable[dict[str, Any]]:
    if turn.role == "system":
        yield {"role": "system", "content": text_of(turn.parts)}
    elif turn.role == "assistant":
        yield _assistant(turn.parts)
    else:
        results = [part for part in turn.parts if isinstance(part, Result)]
        yield from (_result(result) for result in results)
        shown = tuple(_shown(results)) + tuple(part for part in turn.parts if not isinstance(part, Result))
        if shown:
            yield {"role": "user", "content": _content(shown)}


def _assistant(parts: tuple[Part, ...]) -> dict[str, Any]:
    calls = [_call(part) for part in parts if isinstance(part, Call)]
    message: dict[str, Any] = {"role": "assistant", "content": text_of(parts) or None}
    return message | ({"tool_calls": calls} if calls else {})


def _call(call: Call) -> dict[str, Any]:
    written = tools.plain(call)
    function = {"name": written.name, "arguments": written.arguments or "{}"}
    return {"id": call.id, "type": "function", "function": function}


def _result(result: Result) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": result.call_id, "content": text_of(result.parts)}


def _shown(results: list[Result]) -> Iterable[Part]:
    """Pictures in results: a tool message holds only text, so they follow as the user's."""
    for result in results:
        yield from (part for part in result.parts if isinstance(part, Image | Document))


def _content(parts: tuple[Part, ...]) -> str | list[dict[str, Any]]:
    """A plain string wherever it will do: not every server takes a list."""
    if not any(isinstance(part, Image | Document) for part in parts):
        return text_of(parts)
    return [_piece(part) for part in parts]


def _piece(part: Part) -> dict[str, Any]:
    if isinstance(part, Image):
        return {"type": "image_url", "image_url": compact(url=pieces.data_url(part), detail=part.detail)}
    if isinstance(part, Document):
        file = compact(file_data=pieces.data_url(part), filename=part.name or "document.pdf")
        return {"type": "file", "file": file}
    return {"type": "text", "text": text_of((part,))}


def _tools(prompt: Prompt) -> list[dict[str, Any]]:
    if any(tool.format for tool in prompt.tools):
        prompt.lose("tool_grammar")
    return [
        {
            "type": "function",
            "function": compact(
                name=tools.wire_name(tool.name, tool.namespace),
                description=tools.description(tool),
                parameters=tools.schema(tool),
                strict=tool.strict or None,
            ),
        }
        for tool in prompt.tools
    ]


def _choice(prompt: Prompt) -> str | dict[str, Any] | None:
    if prompt.choice is None or not prompt.tools:
        return None
    if prompt.choice.kind == "one":
        return {"type": "function", "function": {"name": tools.chosen(prompt.choice)}}
    return _CHOICES[prompt.choice.kind]


def _format(prompt: Prompt) -> dict[str, Any] | None:
    shape = prompt.shape
    if shape is None:
        return None
    if shape.schema is None:
        return {"type": "json_object"}
    schema = compact(name=shape.name, schema=shape.schema, strict=shape.strict)
    return {"type": "json_schema", "json_schema": schema}


def _settings(prompt: Prompt, model: str) -> dict[str, Any]:
    """What only some servers take is sent only to models that are known to take it."""
    found = compact(temperature=prompt.temperature, top_p=prompt.top_p, stop=list(prompt.stop[:MOST_STOPS]) or None)
    own = families.new_cap_name(model)
    if not families.samples(model):
        prompt.lose(*("stop_sequences" if name == "stop" else name for name in found))
        found = {}
    elif len(prompt.stop) > MOST_STOPS:
        prompt.lose("stop_sequences")
    wanted = {
        "reasoning_effort": prompt.effort if families.reasons(model) else "",
        "verbosity": prompt.verbosity if own else "",
        "prompt_cache_key": (prompt.cache_key or prompt.session) if own else "",
    }
    asked = {"reasoning_effort": prompt.effort, "verbosity": prompt.verbosity, "prompt_cache_key": prompt.cache_key}
    prompt.lose(*(name for name, value in asked.items() if value and not wanted[name]))
    return found | compact(**wanted)
