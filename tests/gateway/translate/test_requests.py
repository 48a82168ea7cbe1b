"""What one protocol says and another does not: carried in its words, named as lost, or refused."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.gateway import translate

from .asking import CALL, HI, READ, sent
from .samples import MODELS, PAIRS, RECORDED, raw, recorded


@pytest.mark.parametrize(
    ("source", "asked", "words"),
    [
        ("responses", {"previous_response_id": "resp_1"}, "previous_response_id"),
        ("responses", {"conversation": "conv_1"}, "a conversation that is stored"),
        ("responses", {"prompt": {"id": "pmpt_1"}}, "a prompt template"),
        ("responses", {"background": True}, "in the background"),
        ("responses", {"input": [{"type": "item_reference", "id": "msg_1"}]}, "only their own provider"),
        ("responses", {"input": [{"role": "robot", "content": "Hi"}]}, "no role robot"),
        (
            "responses",
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
            "stored as a file",
        ),
        ("chat", {"n": 3}, "Several answers"),
        ("chat", {"functions": [{"name": "read"}]}, "use tools"),
        ("chat", {"modalities": ["text", "audio"]}, "in sound"),
        ("chat", {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "Sound can't be sent"),
        (
            "chat",
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]},
            "stored as a file",
        ),
        ("chat", {"messages": []}, "no message"),
        (
            "chat",
            {"messages": "Hi"},
            "This is not a chat-completions request: Expected `array`, got `str` - at `$.messages`",
        ),
        (
            "messages",
            {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "file"}}]}]},
            "stored as a file",
        ),
        (
            "messages",
            {"messages": [{"role": "user", "content": [{"type": "image", "source": 7}]}]},
            "no source of an image",
        ),
    ],
)
def test_what_can_not_be_carried_is_refused_in_plain_words(source: str, asked: dict[str, Any], words: str) -> None:
    target = "chat" if source == "messages" else "messages"
    with pytest.raises(translate.Untranslatable) as refused:
        sent(source, target, **asked)
    assert words in refused.value.message


def test_signed_thinking_is_dropped_and_named() -> None:
    thinking = [
        {"type": "thinking", "thinking": "Hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "eA=="},
        {"type": "text", "text": "Yes."},
    ]
    said = [*HI, {"role": "assistant", "content": thinking}, *HI]
    body, lossy = sent("messages", "chat", messages=said)
    assert body["messages"][1] == {"role": "assistant", "content": "Yes."}
    assert lossy == ("thinking_signature",)
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "eA=="}
    body, lossy = sent("responses", "messages", input=[{"role": "user", "content": "Hi"}, item])
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]
    assert lossy == ("encrypted_reasoning",)


def test_a_budget_to_think_is_not_asked_for_where_earlier_thinking_is_missing() -> None:
    called = [{"type": "function_call", "call_id": "c", "name": "read", "arguments": "{}"}]
    called += [{"type": "function_call_output", "call_id": "c", "output": "ok"}]
    for model, thinks in (("claude-sonnet-4-5", False), ("claude-sonnet-4-6", True)):
        body, lossy = sent("responses", "messages", model, input=called, reasoning={"effort": "high"})
        assert ("thinking" in body, "reasoning_effort" in lossy) == (thinks, not thinks)


@pytest.mark.parametrize(
    ("asked", "chat", "responses"),
    [
        ({"type": "auto"}, "auto", "auto"),
        ({"type": "any"}, "required", "required"),
        ({"type": "none"}, "none", "none"),
        (
            {"type": "tool", "name": "read"},
            {"type": "function", "function": {"name": "read"}},
            {"type": "function", "name": "read"},
        ),
    ],
)
def test_the_choice_of_a_tool_goes_both_ways(asked: dict[str, Any], chat: Any, responses: Any) -> None:
    assert sent("messages", "chat", tools=[READ], tool_choice=asked)[0]["tool_choice"] == chat
    body = sent("messages", "responses", tools=[READ], tool_choice=asked)[0]
    assert body["tool_choice"] == responses
    back = json.loads(translate.request("responses", "messages", raw(body), "claude-opus-4-8").body)
    assert back["tool_choice"] == asked


def test_no_parallel_calls_stays_no_parallel_calls() -> None:
    one = {"type": "auto", "disable_parallel_tool_use": True}
    body, _ = sent("messages", "chat", tools=[READ], tool_choice=one)
    assert body["parallel_tool_calls"] is False
    back = json.loads(translate.request("chat", "messages", raw(body), "claude-opus-4-8").body)
    assert back["tool_choice"] == one


def test_only_the_allowed_tools_are_offered() -> None:
    tools = [{"type": "function", "name": name, "parameters": {}} for name in ("a", "b", "c")]
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "b"}]}
    body, _ = sent("responses", "messages", tools=tools, tool_choice=allowed)
    assert ([tool["name"] for tool in body["tools"]], body["tool_choice"]) == (["b"], {"type": "any"})


def test_tools_of_the_provider_itself_are_left_out_and_named() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    body, lossy = sent("messages", "chat", tools=[READ, search], tool_choice={"type": "tool", "name": "web_search"})
    assert [tool["function"]["name"] for tool in body["tools"]] == ["read"]
    assert (body["tool_choice"], lossy) == ("auto", ("builtin_tool:web_search",))


def test_pictures_in_a_result_follow_it_for_a_chat_model() -> None:
    shot = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "Shot:"}, shot]}
    said = [*HI, {"role": "assistant", "content": [CALL]}, {"role": "user", "content": [result]}]
    body, lossy = sent("messages", "chat", messages=said)
    assert body["messages"][2:] == [
        {"role": "tool", "tool_call_id": "t1", "content": "Shot:"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]},
    ]
    assert lossy == ()
    (_, _, output) = sent("messages", "responses", messages=said)[0]["input"]
    assert [piece["type"] for piece in output["output"]] == ["input_text", "input_image"]


def test_results_stand_behind_their_calls_whatever_came_between() -> None:
    calls = [{"type": "function_call", "call_id": c, "name": "read", "arguments": "{}"} for c in "abc"]
    said = [
        *calls[:2],
        {"type": "message", "role": "developer", "content": "Mind the rules."},
        {"type": "function_call_output", "call_id": "b", "output": "B"},
        {"type": "message", "role": "user", "content": "Well?"},
        {"type": "function_call_output", "call_id": "z", "output": "Z"},
    ]
    body, lossy = sent("responses", "messages", input=said)
    (_, asked) = body["messages"]
    assert [block["type"] for block in asked["content"]] == ["tool_result", "tool_result"] + ["text"] * 4
    a, b = asked["content"][:2]
    assert (a["tool_use_id"], a["is_error"], b["content"][0]["text"]) == ("a", True, "B")
    assert [block["text"] for block in asked["content"][2:]] == [
        "<system-reminder>\nMind the rules.\n</system-reminder>",
        "Well?",
        "The result of an earlier tool call:",
        "Z",
    ]
    assert lossy == ("system_in_conversation",)


def test_a_server_that_uses_its_ids_again_gets_each_result_to_its_call() -> None:
    said: list[dict[str, Any]] = [*HI]
    for answer in ("one", "two"):
        call = {"id": "call_0", "type": "function", "function": {"name": "read", "arguments": "{}"}}
        said += [{"role": "assistant", "content": None, "tool_calls": [call]}]
        said += [{"role": "tool", "tool_call_id": "call_0", "content": answer}]
    body, _ = sent("chat", "messages", messages=said)
    results = [
        m["content"][0]["content"][0]["text"] for m in body["messages"] if m["content"][0]["type"] == "tool_result"
    ]
    assert results == ["one", "two"]


def test_free_text_tools_become_functions_and_their_calls_free_text_again() -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: LINE+"}
    patch = {"type": "custom", "name": "apply_patch", "description": "Patches files.", "format": grammar}
    call = {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": "*** Begin"}
    done = {"type": "custom_tool_call_output", "call_id": "c1", "output": "ok"}
    asked = {"model": "m", "input": [{"role": "user", "content": "Go"}, call, done], "tools": [patch]}
    translated = translate.request("responses", "messages", raw(asked), "claude-opus-4-8")
    body = json.loads(translated.body)
    assert body["tools"][0]["input_schema"]["required"] == ["input"]
    assert "lark grammar:\n\nstart: LINE+" in body["tools"][0]["description"]
    assert body["messages"][1]["content"][0]["input"] == {"input": "*** Begin"}
    assert translated.lossy == ("tool_grammar",)
    answer = {
        "id": "msg_1",
        "content": [{"type": "tool_use", "id": "t1", "name": "apply_patch", "input": {"input": "*** End"}}],
        "stop_reason": "tool_use",
    }
    (told,) = json.loads(translate.reply("responses", "messages", raw(answer), "m", translated.back))["output"]
    assert (told["type"], told["input"], told["name"]) == ("custom_tool_call", "*** End", "apply_patch")


def test_free_text_tools_of_a_chat_client_stay_so_for_responses() -> None:
    patch = {"type": "custom", "custom": {"name": "patch", "description": "Patches."}}
    call = {"id": "c1", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}}
    said = [*HI, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c1", "content": "ok"}]
    body, lossy = sent("chat", "responses", messages=said, tools=[patch])
    assert body["tools"] == [{"type": "custom", "name": "patch", "description": "Patches."}]
    assert body["input"][1:] == [
        {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": "*** Begin"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "ok"},
    ]
    assert lossy == ()


def test_a_block_of_white_space_is_not_sent_where_it_is_refused() -> None:
    said = [*HI, {"role": "assistant", "content": " \n"}, *HI]
    body, _ = sent("chat", "messages", messages=said)
    assert [message["role"] for message in body["messages"]] == ["user", "user"]


def test_the_local_shell_of_older_codex_models() -> None:
    asked = {"model": "m", "input": "Go", "tools": [{"type": "local_shell"}]}
    translated = translate.request("responses", "chat", raw(asked), "qwen3-coder")
    assert json.loads(translated.body)["tools"][0]["function"]["parameters"]["required"] == ["command"]
    call = {"id": "c1", "function": {"name": "local_shell", "arguments": '{"command": ["ls", "-l"]}'}}
    answer = {"id": "x", "choices": [{"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    (told,) = json.loads(translate.reply("responses", "chat", raw(answer), "m", translated.back))["output"]
    assert (told["type"], told["call_id"]) == ("local_shell_call", "c1")
    assert told["action"] == {"type": "exec", "env": {}, "command": ["ls", "-l"]}


def test_a_name_too_long_for_a_protocol_is_cut_and_comes_back_whole() -> None:
    long = "mcp__" + "a" * 70 + ".read"
    asked = {"model": "m", "max_tokens": 9, "messages": HI, "tools": [READ | {"name": long}]}
    translated = translate.request("messages", "chat", raw(asked), "gpt-5.2")
    (tool,) = json.loads(translated.body)["tools"]
    name = tool["function"]["name"]
    assert len(name) <= 64
    call = {"id": "c1", "function": {"name": name, "arguments": "{}"}}
    answer = {"id": "x", "choices": [{"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    told = json.loads(translate.reply("messages", "chat", raw(answer), "m", translated.back))
    assert told["content"][0]["name"] == long


def test_arguments_that_a_model_once_sent_broken_are_shown_as_they_were() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"path'}}
    said = [*HI, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c1", "content": ""}]
    body, _ = sent("chat", "messages", messages=said)
    assert body["messages"][1]["content"][0]["input"] == {"invalid_arguments": '{"path'}


def test_json_of_any_shape_is_asked_for_in_words_where_there_is_no_setting() -> None:
    body, lossy = sent("chat", "messages", response_format={"type": "json_object"})
    assert body["system"][0]["text"] == "Answer with one JSON object and nothing else."
    assert lossy == ("json_object",)


def test_only_instructions_become_the_first_message() -> None:
    body, _ = sent("chat", "messages", messages=[{"role": "system", "content": "Say hello."}])
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Say hello."}]}]
    assert "system" not in body


def test_what_a_client_calls_its_fields_can_not_break_a_header() -> None:
    odd = {"a\r\nset-cookie: x": 1, "ü": 1, "long" * 50: 1} | {f"field{n}": 1 for n in range(100)}
    _, lossy = sent("chat", "messages", **odd)
    assert len(lossy) == 40
    assert all(re.fullmatch(r"[a-zA-Z0-9_:.-]{1,60}", word) for word in lossy)


def test_documents_go_both_ways() -> None:
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "aGk="}
    blocks = [{"type": "document", "title": "a.pdf", "source": pdf}]
    blocks += [{"type": "document", "title": "Notes", "source": {"type": "text", "data": "Buy milk."}}]
    body, lossy = sent("messages", "responses", messages=[{"role": "user", "content": blocks}])
    assert body["input"][0]["content"] == [
        {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"},
        {"type": "input_text", "text": "Notes\n\nBuy milk."},
    ]
    assert lossy == ()
    back = json.loads(translate.request("responses", "messages", raw(body), "claude-opus-4-8").body)
    assert back["messages"][0]["content"][0] == blocks[0]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "role"]), inner),
    max_leaves=5,
)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_body_with_anything_anywhere_is_translated_or_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(path.stem for path in RECORDED.glob("*.json"))))
    source, body = recorded(name)
    at: Any = body
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not (isinstance(at[key], dict | list) and at[key]) or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = data.draw(values)
    for other in (target for pair, target in PAIRS if pair == source):
        try:
            json.loads(translate.request(source, other, raw(body), MODELS[other]).body)
        except translate.Untranslatable as refused:
            assert refused.message
