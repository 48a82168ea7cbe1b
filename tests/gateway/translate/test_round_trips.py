"""There and back again: text, tools and pictures of any conversation are the same after two translations."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.gateway import translate
from appliance.gateway.translate.form import Document, Image, Part, Prompt, Refusal, Text

from .samples import MODELS, PAIRS

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    str.strip
)
names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_-]{0,15}", fullmatch=True)
pictures = st.one_of(
    st.builds(lambda data: Image("image/png", data), st.sampled_from(["aGk=", "eW8="])),
    st.builds(lambda name: Image(url=f"https://example.com/{name}.png"), names),
)
arguments = st.dictionaries(names, st.one_of(words, st.integers(-9, 9), st.booleans()), max_size=3)


@st.composite
def conversations(draw: st.DrawFn) -> dict[str, Any]:
    """A chat request, the smallest of the three to write down, with parallel calls and their results."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": draw(words)}] if draw(st.booleans()) else []
    messages.append({"role": "user", "content": [{"type": "text", "text": draw(words)}, *map(_piece, draw(_seen))]})
    for turn in range(draw(st.integers(0, 3))):
        calls = [
            {
                "id": f"call_{turn}_{at}",
                "type": "function",
                "function": {"name": draw(names), "arguments": json.dumps(draw(arguments))},
            }
            for at in range(draw(st.integers(0, 3)))
        ]
        messages.append({"role": "assistant", "content": draw(words)} | ({"tool_calls": calls} if calls else {}))
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": draw(words)} for call in calls]
        messages.append({"role": "user", "content": draw(words)})
    tools = [
        {"type": "function", "function": {"name": name, "description": draw(words), "parameters": _schema(name)}}
        for name in draw(st.lists(names, unique=True, max_size=3))
    ]
    return {"model": "m", "messages": messages} | ({"tools": tools, "tool_choice": "auto"} if tools else {})


_seen = st.lists(pictures, max_size=2)


def _schema(name: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}


def _piece(image: Image) -> dict[str, Any]:
    url = image.url or f"data:{image.media_type};base64,{image.data}"
    return {"type": "image_url", "image_url": {"url": url}}


def meaning(prompt: Prompt) -> Any:
    """Roles, words, pictures, calls and results; how words are cut into parts is no meaning."""
    turns = [(turn.role, [_meant(part) for part in turn.parts]) for turn in prompt.turns]
    offered = [(tool.name, tool.description, tool.schema) for tool in prompt.tools]
    return [(role, _run_together(parts)) for role, parts in turns], offered, prompt.choice


def _meant(part: Part) -> Any:
    if isinstance(part, Text | Refusal):
        return part.text
    if isinstance(part, Image | Document):
        return part.media_type, part.data, part.url
    if hasattr(part, "arguments"):
        return part.id, part.name, json.loads(part.arguments)
    return part.call_id, [_meant(inner) for inner in part.parts]


def _run_together(parts: list[Any]) -> list[Any]:
    joined: list[Any] = []
    for part in parts:
        if joined and isinstance(part, str) and isinstance(joined[-1], str):
            joined[-1] += f"\n\n{part}"
        else:
            joined.append(part)
    return joined


@given(conversations(), st.sampled_from(PAIRS))
@settings(max_examples=150, deadline=None)
def test_there_and_back_means_the_same(asked: dict[str, Any], pair: Any) -> None:
    source, target = pair
    body = json.dumps(asked).encode()
    first = body if source == "chat" else translate.request("chat", source, body, MODELS[source]).body
    there = translate.request(source, target, first, MODELS[target]).body
    back = translate.request(target, source, there, MODELS[source]).body
    assert meaning(translate.read(source, back)[0]) == meaning(translate.read(source, first)[0])
