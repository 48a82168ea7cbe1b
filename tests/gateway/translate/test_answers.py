"""Whole answers: what was said, why it stopped, what it cost, in each protocol's own words."""

import json
from typing import Any

import pytest

from appliance.gateway import translate

from .samples import CHAT, MESSAGE, PAIRS, RESPONSE, TEXT, WHOLES, raw


def told(source: Any, target: Any, answer: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(translate.reply(source, target, raw(answer), "asked"))
    return whole


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_text_and_calls_come_through(source: Any, target: Any) -> None:
    whole = json.loads(translate.reply(source, target, WHOLES[target], "asked"))
    assert whole["model"] == "asked"
    match source:
        case "messages":
            assert whole["content"] == MESSAGE["content"][1:]  # type: ignore[index]
            assert (whole["id"], whole["stop_reason"]) == ("msg_77", "tool_use")
        case "chat":
            message = whole["choices"][0]["message"]
            assert (message["content"], message["reasoning_content"]) == (f"{TEXT}I look.", "Hm. ")
            assert [json.loads(call["function"]["arguments"]) for call in message["tool_calls"]] == [
                {"path": "a.md"},
                {},
            ]
            assert (whole["id"], whole["choices"][0]["finish_reason"]) == ("chatcmpl-77", "tool_calls")
        case "responses":
            assert [item["type"] for item in whole["output"]] == ["message", "function_call", "function_call"]
            assert whole["output"][0]["content"][0]["text"] == f"{TEXT}I look."
            assert (whole["id"], whole["status"], whole["output"][1]["call_id"]) == ("resp_77", "completed", "toolu_1")


def test_usage_counts_the_cache_as_each_protocol_does() -> None:
    # Messages adds its parts up, the others count them inside the input; 1512 is the whole input everywhere.
    assert told("chat", "messages", MESSAGE)["usage"] == {
        "prompt_tokens": 1512,
        "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 500},
        "completion_tokens": 40,
        "completion_tokens_details": {"reasoning_tokens": 7},
        "total_tokens": 1552,
    }
    for target, answer in (("chat", CHAT), ("responses", RESPONSE)):
        assert told("messages", target, answer)["usage"] == {
            "input_tokens": 12,
            "cache_creation_input_tokens": 500,
            "cache_read_input_tokens": 1000,
            "output_tokens": 40,
        }


def test_unreported_usage_is_not_made_up() -> None:
    unmetered = {name: value for name, value in MESSAGE.items() if name != "usage"}
    assert "usage" not in told("chat", "messages", unmetered)
    assert told("responses", "messages", unmetered)["usage"] is None
    # The SDK of Messages needs the numbers.
    assert told("messages", "chat", CHAT | {"usage": None})["usage"]["input_tokens"] == 0


def message(reason: str, **more: Any) -> dict[str, Any]:
    return {"id": "msg_1", "content": [{"type": "text", "text": "So"}], "stop_reason": reason} | more


@pytest.mark.parametrize(
    ("reason", "chat", "responses"),
    [
        ("end_turn", "stop", ("completed", None)),
        ("stop_sequence", "stop", ("completed", None)),
        ("pause_turn", "stop", ("completed", None)),
        ("max_tokens", "length", ("incomplete", {"reason": "max_output_tokens"})),
        ("model_context_window_exceeded", "length", ("incomplete", {"reason": "max_output_tokens"})),
        ("refusal", "content_filter", ("incomplete", {"reason": "content_filter"})),
        ("something_new", "stop", ("completed", None)),
    ],
)
def test_why_a_message_stopped(reason: str, chat: str, responses: Any) -> None:
    assert told("chat", "messages", message(reason))["choices"][0]["finish_reason"] == chat
    whole = told("responses", "messages", message(reason))
    assert (whole["status"], whole["incomplete_details"]) == responses


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal"), (None, "end_turn")],
)
def test_why_a_chat_answer_stopped(reason: str | None, expected: str) -> None:
    answer = {"id": "x", "choices": [{"message": {"content": "So"}, "finish_reason": reason}]}
    assert told("messages", "chat", answer)["stop_reason"] == expected
    incomplete = {"id": "resp_1", "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    assert told("messages", "responses", incomplete)["stop_reason"] == "max_tokens"


def test_a_refusal_stays_a_refusal() -> None:
    answer = {"id": "x", "choices": [{"message": {"refusal": "I can't."}, "finish_reason": "stop"}]}
    assert told("messages", "chat", answer)["stop_reason"] == "refusal"
    assert told("messages", "chat", answer)["content"] == [{"type": "text", "text": "I can't."}]
    whole = told("responses", "chat", answer)
    assert whole["output"][0]["content"] == [{"type": "refusal", "refusal": "I can't."}]
    assert told("chat", "responses", whole)["choices"][0]["message"]["refusal"] == "I can't."


def test_text_after_a_call_is_kept_in_its_place() -> None:
    blocks = [
        {"type": "text", "text": "One."},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        {"type": "text", "text": "Two."},
    ]
    output = told("responses", "messages", message("end_turn", content=blocks))["output"]
    assert [item["type"] for item in output] == ["message", "function_call", "message"]
    assert len({item["id"] for item in output}) == 3
    chat = told("chat", "messages", message("end_turn", content=blocks))["choices"][0]["message"]
    assert chat["content"] == "One.Two."


def test_odd_servers_are_understood() -> None:
    call = {"function": {"name": "f", "arguments": {"a": 1}}}
    answer = {"id": "x", "choices": [{"message": {"content": [{"type": "text", "text": "So"}], "tool_calls": [call]}}]}
    whole = told("messages", "chat", answer)
    assert whole["content"] == [
        {"type": "text", "text": "So"},
        {"type": "tool_use", "id": "call_x_0", "name": "f", "input": {"a": 1}},
    ]
    search = {"type": "tool_search_call", "arguments": {"query": "x"}, "content": None}
    assert told("chat", "responses", RESPONSE | {"output": [search]})["choices"][0]["message"]["content"] is None


@pytest.mark.parametrize(
    ("target", "answer", "words"),
    [
        ("chat", {"error": {"message": "No credit.", "code": 402}}, "No credit."),
        ("messages", {"type": "error", "error": {"type": "api_error", "message": "Sorry."}}, "Sorry."),
        ("responses", {"status": "failed", "error": {"code": "server_error", "message": "Sorry."}}, "Sorry."),
        ("chat", {"choices": []}, "There are no choices in this answer."),
        ("chat", "Hello", "This is not a chat-completions answer"),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(target: Any, answer: Any, words: str) -> None:
    with pytest.raises(translate.Untranslatable) as none:
        translate.reply("chat" if target != "chat" else "messages", target, raw(answer), "asked")
    assert words in none.value.message


def test_a_service_tier_keeps_its_meaning() -> None:
    assert told("messages", "chat", CHAT | {"service_tier": "priority"})["usage"]["service_tier"] == "priority"
    assert told("chat", "messages", MESSAGE)["service_tier"] == "default"
