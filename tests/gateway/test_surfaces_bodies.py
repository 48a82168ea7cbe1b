"""Bodies of requests: read no further than needed, changed only where they must be."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.gateway.surfaces import bodies, chat, embeddings, messages, responses
from appliance.gateway.surfaces.bodies import Unreadable

texts = st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
# Hypothesis also draws words that it finds in our code, and these are read with their type.
names = texts.filter(lambda name: name not in ("stream", "max_tokens", "max_completion_tokens"))
objects = st.dictionaries(names, values, max_size=6)


@settings(max_examples=100, deadline=None)
@given(objects, st.sampled_from([None, 1, 4]), st.booleans(), texts)
def test_only_the_model_s_name_changes(
    members: dict[str, Any], indent: int | None, ascii_only: bool, name: str
) -> None:
    asked = members | {"model": 'an "old" name ü', "after": [{"model": 'an "old" name ü'}]}
    body = f" {json.dumps(asked, indent=indent, ensure_ascii=ascii_only)}\n".encode("utf-8", "replace")
    seen = chat.read(body)
    changed = chat.fitted(body, seen, f"new{name}")
    assert json.loads(changed) == json.loads(body) | {"model": f"new{name}"}
    begins, ends = bodies.span(body, seen.fields, "model")
    assert changed.startswith(body[:begins]) and changed.endswith(body[ends:])
    assert chat.fitted(body, seen, seen.model) == body


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("", {"include_usage": True}),
        (', "stream_options": null', {"include_usage": True}),
        (', "stream_options": {}', {"include_usage": True}),
        (', "stream_options": {"include_usage": false, "x": [1]}', {"include_usage": True, "x": [1]}),
    ],
)
def test_the_usage_is_asked_for_however_the_tool_put_its_options(options: str, wanted: dict[str, Any]) -> None:
    body = f'{{ "model": "m", "stream": true{options} , "user": "ü"}}'.encode()
    changed = chat.fitted(body, chat.read(body), "other")
    assert json.loads(changed) == {"model": "other", "stream": True, "stream_options": wanted, "user": "ü"}


@pytest.mark.parametrize("options", ['"stream": true, "stream_options": {"include_usage": true}', '"stream": false'])
def test_the_usage_is_not_asked_for_twice_nor_where_nothing_streams(options: str) -> None:
    body = f'{{"model": "m", {options}}}'.encode()
    assert chat.fitted(body, chat.read(body), "m") == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"nonsense",
        b'{"model": 5}',
        b'{"model": ""}',
        b'{"model": null}',
        b'{"messages": []}',
        b'{"model": "a", "stream": "yes"}',
        b'{"model": "a", "model": "b"}',
        b'{"x": 1, "model": "a", "model": "b"}',
        b'{"model": "\xff"}',
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("surface", [messages, chat, responses])
def test_what_no_provider_could_read_is_refused(surface: Any, body: bytes) -> None:
    with pytest.raises(Unreadable):
        surface.read(body)


def test_a_large_body_is_read_quickly_enough() -> None:
    body = json.dumps({"messages": [{"content": '"model":' * 10}] * 100_000, "model": "m"}).encode()
    assert chat.fitted(body, chat.read(body), "n").endswith(b'"model": "n"}')


NEEDS: list[tuple[Any, dict[str, Any], set[str]]] = [
    (messages, {"tools": []}, set()),
    (messages, {"tools": [{"name": "x"}], "max_tokens": 5}, {"tools"}),
    (messages, {"messages": [{"content": [{"type": "image", "source": {}}]}]}, {"vision"}),
    (messages, {"messages": [{"content": 'the word "image"'}]}, set()),
    (messages, {"output_config": {"format": {"type": "json_schema"}}}, {"schema"}),
    (chat, {"tools": [{}], "response_format": {"type": "json_schema"}}, {"tools", "schema"}),
    (chat, {"messages": [{"content": [{"type": "image_url"}]}], "response_format": {"type": "text"}}, {"vision"}),
    (responses, {"input": [{"content": [{"type": "input_image"}]}], "tools": None}, {"vision"}),
    (responses, {"text": {"format": {"type": "json_schema"}}}, {"schema"}),
    (embeddings, {"input": "x"}, set()),
]


@pytest.mark.parametrize(("surface", "asked", "needs"), NEEDS)
def test_what_an_answer_takes(surface: Any, asked: dict[str, Any], needs: set[str]) -> None:
    assert surface.read(json.dumps({"model": "m"} | asked).encode()).needs == needs


CAPS = [
    (messages, {"max_tokens": 7}, 7),
    (chat, {"max_tokens": 7}, 7),
    (chat, {"max_tokens": 7, "max_completion_tokens": 9}, 9),
    (responses, {"max_output_tokens": 7}, 7),
    (responses, {"max_output_tokens": None}, None),
]


@pytest.mark.parametrize(("surface", "asked", "cap"), CAPS)
def test_the_most_that_an_answer_may_be(surface: Any, asked: dict[str, Any], cap: int | None) -> None:
    assert surface.read(json.dumps({"model": "m"} | asked).encode()).output_cap == cap


@pytest.mark.parametrize(
    ("user_id", "session"),
    [
        ('{"device_id":"d","session_id":"5f0c"}', "5f0c"),
        ("user_ab_account_cd_session_5f0c-1", "5f0c-1"),
        ("someone", ""),
        ("[1]", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_the_session_in_the_body_of_claude_code(user_id: Any, session: str) -> None:
    body = json.dumps({"model": "m", "metadata": {"user_id": user_id}}).encode()
    assert messages.read(body).session_id == session
