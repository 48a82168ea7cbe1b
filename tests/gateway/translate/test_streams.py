"""A translated stream says what the translated whole answer says, however its bytes are cut."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.gateway import translate
from appliance.gateway.translate.form import Protocol

from .assembled import ASSEMBLED
from .samples import CHAT_STREAM, PAIRS, STREAMS, TEXT, WHOLES, block, called, chunk, events, sse

Pair = tuple[Protocol, Protocol]


def streamed(source: Protocol, target: Protocol, stream: bytes, *cuts: int) -> bytes:
    reader = translate.Stream(source, target, "asked")
    at = [0, *sorted(cuts), len(stream)]
    out = b"".join(reader.feed(stream[a:b]) for a, b in zip(at, at[1:], strict=False))
    return out + reader.end()


def alike(told: Any) -> Any:
    """A whole answer without the moment it was made in; arguments as what they mean."""
    if isinstance(told, list):
        return [alike(item) for item in told]
    if not isinstance(told, dict):
        return told
    kept = {name: alike(value) for name, value in told.items() if name not in {"created", "created_at", "service_tier"}}
    return kept | ({"arguments": json.loads(told["arguments"])} if "arguments" in told else {})


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_stream_put_together_is_the_whole_answer(source: Protocol, target: Protocol) -> None:
    whole = json.loads(translate.reply(source, target, WHOLES[target], "asked"))
    assert alike(ASSEMBLED[source](streamed(source, target, STREAMS[target]))) == alike(whole)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_one_byte_at_a_time_says_the_same(source: Protocol, target: Protocol) -> None:
    stream = STREAMS[target]
    at_once = ASSEMBLED[source](streamed(source, target, stream))
    assert alike(ASSEMBLED[source](streamed(source, target, stream, *range(len(stream))))) == alike(at_once)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_cut_says_the_same(data: st.DataObject) -> None:
    source, target = data.draw(st.sampled_from(PAIRS))
    stream = STREAMS[target]
    if data.draw(st.booleans()):
        stream = stream.replace(b"\n", b"\r\n")
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=30))
    put_together = ASSEMBLED[source](streamed(source, target, stream, *cuts))
    assert alike(put_together) == alike(ASSEMBLED[source](streamed(source, target, STREAMS[target])))


def test_text_is_passed_on_as_it_comes() -> None:
    reader = translate.Stream("messages", "chat", "asked")
    head, _, _ = CHAT_STREAM.partition(TEXT.encode())
    reader.feed(head)
    told = reader.feed(CHAT_STREAM[len(head) :].partition(b"\n\n")[0] + b"\n\n")
    assert events(told)[-1]["delta"] == {"type": "text_delta", "text": TEXT}


def test_mixed_pieces_of_parallel_calls_come_out_one_after_the_other() -> None:
    mixed = sse(
        chunk(called(0, id="a", name="read", arguments='{"path":')),
        chunk(called(1, id="b", name="read", arguments='{"path":')),
        chunk(called(0, arguments=' "1"}')),
        chunk(called(1, arguments=' "2"}')),
        chunk({}, "tool_calls"),
        "[DONE]",
    )
    told = ASSEMBLED["messages"](streamed("messages", "chat", mixed))
    assert [(block["id"], block["input"]) for block in told["content"]] == [("a", {"path": "1"}), ("b", {"path": "2"})]


def test_calls_that_all_have_number_0_are_told_apart_by_their_ids() -> None:
    same = sse(
        chunk(called(0, id="a", name="read", arguments='{"n": 1}')),
        chunk(called(0, id="b", name="read", arguments='{"n": 2}')),
        chunk({}, "stop"),
    )
    told = ASSEMBLED["messages"](streamed("messages", "chat", same))
    assert [block["input"] for block in told["content"]] == [{"n": 1}, {"n": 2}]
    assert told["stop_reason"] == "tool_use"


def test_a_call_without_an_id_gets_one_that_is_its_own() -> None:
    stream = sse(chunk(called(0, name="now")), chunk({}, "stop"), "[DONE]")
    (block,) = ASSEMBLED["messages"](streamed("messages", "chat", stream))["content"]
    assert (block["id"], block["input"]) == ("call_77_0", {})


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_stream_that_breaks_off_ends_as_an_error(source: Protocol, target: Protocol) -> None:
    told = events(streamed(source, target, STREAMS[target][: len(STREAMS[target]) // 2]))[-1]
    said = {
        "messages": lambda: told["error"]["message"],
        "chat": lambda: told["error"]["message"],
        "responses": lambda: told["response"]["error"]["message"],
    }[source]()
    assert said == "The answer broke off before its end."
    assert told.get("type") == {"messages": "error", "chat": None, "responses": "response.failed"}[source]


ERRORS = {
    "messages": {"type": "error", "error": {"type": "overloaded_error", "message": "Too many."}},
    "chat": {"error": {"message": "Too many.", "type": "server_error", "code": "server_is_overloaded"}},
    "responses": {
        "type": "response.failed",
        "response": {"status": "failed", "error": {"code": "server_is_overloaded", "message": "Too many."}},
    },
}


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_an_error_in_the_middle_keeps_its_kind_and_its_words(source: Protocol, target: Protocol) -> None:
    told = events(streamed(source, target, sse(ERRORS[target], ERRORS[target])))[-1]
    assert json.dumps(told).count("Too many.") == 1
    assert {"messages": "overloaded_error", "chat": "server_is_overloaded", "responses": "server_is_overloaded"}[
        source
    ] in json.dumps(told)


def test_garbage_ends_the_stream_with_an_error_and_no_traceback() -> None:
    told = events(streamed("messages", "chat", b"data: <html>\n\ndata: {}\n\n"))
    assert [event["type"] for event in told] == ["error"]
    assert "This is not an event of a chat-completions stream" in told[0]["error"]["message"]


def test_what_the_provider_does_itself_is_no_call_for_the_client() -> None:
    search = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}
    stream = sse(
        {"type": "message_start", "message": {"id": "msg_1"}},
        *block(0, {"type": "tool_use", "id": "t1", "name": "read", "input": {}}),
        *block(1, search, {"type": "input_json_delta", "partial_json": '{"query": "x"}'}),
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    )
    (choice,) = ASSEMBLED["chat"](streamed("chat", "messages", stream))["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert call["function"] == {"name": "read", "arguments": "{}"}


def test_a_server_that_sends_its_answer_in_one_piece_is_streamed_all_the_same() -> None:
    told = translate.Stream("messages", "chat", "asked").whole(WHOLES["chat"])
    assert ASSEMBLED["messages"](told)["content"][0]["text"] == f"{TEXT}I look."


def test_usage_is_streamed_to_a_chat_client_only_when_it_asked() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    for wanted in (False, True):
        asked = body | {"stream_options": {"include_usage": wanted}}
        back = translate.request("chat", "messages", json.dumps(asked).encode(), "claude-opus-4-8").back
        reader = translate.Stream("chat", "messages", "asked", back)
        told = reader.feed(STREAMS["messages"]) + reader.end()
        assert any("usage" in event for event in events(told)[:-1]) is wanted
