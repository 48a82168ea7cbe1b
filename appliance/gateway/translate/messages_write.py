"""The form between → a Messages request. Source: the Messages API reference."""

import re
from typing import Any

import msgspec

from appliance.gateway.translate import families, tools
from appliance.gateway.translate.form import (
    Call,
    Document,
    Image,
    Part,
    Prompt,
    Refusal,
    Result,
    Text,
    Turn,
    Untranslatable,
    compact,
)
from appliance.gateway.translate.turns import demoted, instructions

JSON_ONLY = "Answer with one JSON object and nothing else."
_CHOICES = {"auto": "auto", "none": "none", "any": "any", "one": "tool"}
_EFFORTS = {"minimal": "low"}
_FORBIDDEN = re.compile(r"[^a-zA-Z0-9_-]")
_PICTURES = "image/jpeg"


def write(prompt: Prompt, model: str) -> bytes:
    """Raises Untranslatable."""
    said, turns = instructions(prompt.turns)
    if prompt.shape and prompt.shape.schema is None:
        said += (JSON_ONLY,)
        prompt.lose("json_object")
    if not turns:
        said, turns = said[:-1], tuple(Turn("user", (Text(text),)) for text in said[-1:])
    if not turns:
        raise Untranslatable("There is no message in this request.")
    if any(turn.role == "system" for turn in turns):
        prompt.lose("system_in_conversation")
    body = compact(
        model=model,
        max_tokens=prompt.output_cap or families.output_cap(model),
        system=[_text(text) for text in said] or None,
        messages=_messages(demoted(turns)),
        tools=_tools(prompt) or None,
        tool_choice=_choice(prompt),
        stop_sequences=list(prompt.stop) or None,
        stream=prompt.stream or None,
    )
    body |= _thinking(prompt, model, body["max_tokens"])
    body |= _sampling(prompt, model, thinks="thinking" in body)
    if prompt.verbosity:
        prompt.lose("verbosity")
    if families.claude(model) and _goes_on(prompt):
        _cache(body)
    return msgspec.json.encode(body)


def _messages(turns: tuple[Turn, ...]) -> list[dict[str, Any]]:
    said = ((turn.role, [_block(part) for part in turn.parts if _holds(part)]) for turn in turns)
    return [{"role": role, "content": blocks} for role, blocks in said if blocks]


def _holds(part: Part) -> bool:
    """A block of nothing but white space is refused."""
    return not isinstance(part, Text | Refusal) or bool(part.text.strip())


def _goes_on(prompt: Prompt) -> bool:
    return bool(prompt.cache_key or prompt.tools or any(turn.role == "assistant" for turn in prompt.turns))


def _cache(body: dict[str, Any]) -> None:
    """Other protocols cache by themselves; here each turn of a conversation would cost its whole past again."""
    for blocks in (body.get("system"), body["messages"][-1]["content"]):
        if blocks:
            blocks[-1]["cache_control"] = {"type": "ephemeral"}


def _block(part: Part) -> dict[str, Any]:
    match part:
        case Call():
            call = tools.plain(part)
            return {"type": "tool_use", "id": _id(part.id), "name": call.name, "input": tools.as_object(call.arguments)}
        case Result():
            content = [_block(inner) for inner in part.parts if _holds(inner)]
            failed = {"is_error": True} if part.failed else {}
            return {"type": "tool_result", "tool_use_id": _id(part.call_id), "content": content} | failed
        case Image():
            return {"type": "image", "source": _source(part)}
        case Document():
            return compact(type="document", source=_source(part), title=part.name)
    return _text(part.text)


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _source(part: Image | Document) -> dict[str, str]:
    if part.url:
        return {"type": "url", "url": part.url}
    return {"type": "base64", "media_type": part.media_type or _PICTURES, "data": part.data}


def _id(given: str) -> str:
    return _FORBIDDEN.sub("_", given) or "call"


def _tools(prompt: Prompt) -> list[dict[str, Any]]:
    if any(tool.format for tool in prompt.tools):
        prompt.lose("tool_grammar")
    return [
        compact(
            name=tools.wire_name(tool.name, tool.namespace),
            description=tools.description(tool),
            input_schema=tools.schema(tool),
            strict=tool.strict or None,
        )
        for tool in prompt.tools
    ]


def _choice(prompt: Prompt) -> dict[str, Any] | None:
    if not prompt.tools or (prompt.choice is None and prompt.parallel is not False):
        return None
    kind = prompt.choice.kind if prompt.choice else "auto"
    choice: dict[str, Any] = {"type": _CHOICES[kind]}
    if prompt.choice and kind == "one":
        choice["name"] = tools.chosen(prompt.choice)
    if prompt.parallel is not None and kind != "none":
        choice["disable_parallel_tool_use"] = not prompt.parallel
    return choice


def _sampling(prompt: Prompt, model: str, *, thinks: bool) -> dict[str, Any]:
    """Anthropic takes temperatures up to 1, none beside thinking, and for its newest models none at all."""
    if thinks or not families.samples(model):
        prompt.lose(*(name for name in ("temperature", "top_p") if getattr(prompt, name) is not None))
        return {}
    if prompt.temperature is not None:
        return {"temperature": min(prompt.temperature, 1.0)}
    return compact(top_p=prompt.top_p)


def _thinking(prompt: Prompt, model: str, cap: int) -> dict[str, Any]:
    output: dict[str, Any] = {}
    found: dict[str, Any] = {}
    if prompt.shape and prompt.shape.schema is not None:
        output["format"] = {"type": "json_schema", "schema": prompt.shape.schema}
    if prompt.effort and prompt.effort != "none":
        how = families.thinking(model)
        budget = min(families.BUDGETS.get(prompt.effort, 0), cap // 2)
        if how == "adaptive" and not _forced(prompt):
            found["thinking"] = {"type": "adaptive"}
            output["effort"] = _EFFORTS.get(prompt.effort, prompt.effort)
        elif how == "budget" and budget >= families.BUDGETS["minimal"] and not _forced(prompt) and _opens(prompt):
            found["thinking"] = {"type": "enabled", "budget_tokens": budget}
        else:
            prompt.lose("reasoning_effort")
    return found | ({"output_config": output} if output else {})


def _forced(prompt: Prompt) -> bool:
    """Thinking goes only with a free choice of tools."""
    return bool(prompt.choice and prompt.choice.kind in {"any", "one"})


def _opens(prompt: Prompt) -> bool:
    """Models with a thinking budget refuse calls that lack the thinking before them, which no other protocol keeps."""
    return not any(isinstance(part, Call) for turn in prompt.turns for part in turn.parts)
