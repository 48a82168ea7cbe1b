"""What the real clients send survives: recorded requests, written for a model that speaks another protocol."""

import json
from typing import Any

import pytest

from appliance.gateway import translate

from .samples import MODELS, PROTOCOLS, RECORDED, raw, recorded

ALL = [
    (path.stem, target)
    for path in sorted(RECORDED.glob("*.json"))
    for target in PROTOCOLS
    if target != recorded(path.stem)[0]
]
SAID = {"text", "content", "output", "messages", "input"}


def sent(name: str, target: Any, model: str = "") -> tuple[dict[str, Any], translate.Translated]:
    source, body = recorded(name)
    translated = translate.request(source, target, raw(body), model or MODELS[target])
    return json.loads(translated.body), translated


def texts(value: Any) -> set[str]:
    """Every sentence that a model may read, wherever it stands, without white space at its ends."""
    if isinstance(value, str):
        return {value.strip()}
    if isinstance(value, dict):
        return set().union(
            *(texts(v) for k, v in value.items() if k in {"text", "content", "output", "messages", "input"})
        )
    return set().union(*(texts(v) for v in value)) if isinstance(value, list) else set()


@pytest.mark.parametrize(("name", "target"), ALL)
def test_nothing_that_was_said_is_lost(name: str, target: str) -> None:
    _, asked = recorded(name)
    body, _ = sent(name, target)
    written = json.dumps(body, ensure_ascii=False)
    for text in texts(asked):
        if text and not text.startswith("x-anthropic-billing-header"):
            assert json.dumps(text, ensure_ascii=False)[1:-1] in written
    assert body["model"] == MODELS[target]
    assert body.get("stream", False) is asked.get("stream", False)


@pytest.mark.parametrize(("name", "target"), ALL)
def test_every_tool_is_offered_with_its_schema(name: str, target: str) -> None:
    source, asked = recorded(name)
    body, _ = sent(name, target)
    given = [tool for tool in asked.get("tools", []) if tool.get("type") != "web_search"]
    nested = [inner for tool in given for inner in tool.get("tools", [tool])]
    offered = json.dumps(body.get("tools", []), ensure_ascii=False)
    assert len(body.get("tools", [])) == len(nested)
    for tool in (tool.get("function", tool) for tool in nested):
        schema = tool.get("parameters") or tool.get("input_schema")
        assert json.dumps(schema["properties"], ensure_ascii=False) in offered
        assert tool["name"] in offered


def test_claude_code_on_a_chat_server() -> None:
    body, translated = sent("claude_code_tool", "chat", "qwen3-coder")
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "tool"]
    # Its mid-conversation system text can't stand there for most models, and its bookkeeping nowhere.
    assert "<system-reminder>\nAvailable agent types" in body["messages"][1]["content"]
    assert "x-anthropic-billing-header" not in json.dumps(body)
    call = body["messages"][2]["tool_calls"][0]
    assert (call["id"], call["function"]["name"]) == ("toolu_01Rec", "Bash")
    assert json.loads(call["function"]["arguments"])["command"] == "echo tool-ran"
    assert body["messages"][3] == {"role": "tool", "tool_call_id": "toolu_01Rec", "content": "tool-ran"}
    assert (body["max_tokens"], body["stream"], body["stream_options"]) == (64000, True, {"include_usage": True})
    assert translated.lossy == ("cache_control", "context_management", "reasoning_effort", "system_in_conversation")


def test_claude_code_on_openai() -> None:
    chat, translated = sent("claude_code_plain", "chat", "gpt-5.2")
    assert (chat["max_completion_tokens"], chat["reasoning_effort"]) == (64000, "high")
    # One session keeps to one prompt cache.
    assert chat["prompt_cache_key"] == "00000000-0000-4000-8000-000000000001"
    assert [message["role"] for message in chat["messages"]] == ["system", "user", "system"]
    assert translated.lossy == ("cache_control", "context_management")
    responses, _ = sent("claude_code_plain", "responses")
    assert [item["role"] for item in responses["input"]] == ["user", "developer"]
    assert (responses["reasoning"], responses["store"]) == ({"effort": "high"}, False)


def test_codex_on_claude() -> None:
    body, translated = sent("codex_tool", "messages")
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert body["system"][0]["text"].startswith("You are a coding agent running in the Codex CLI")
    assert body["messages"][1]["content"] == [
        {"type": "tool_use", "id": "call_Rec1", "name": "exec_command", "input": {"cmd": "echo tool-ran"}}
    ]
    # Codex's own provider caches by itself; Claude has to be told.
    assert body["system"][-1]["cache_control"] == body["messages"][-1]["content"][-1]["cache_control"]
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": False}
    assert translated.lossy == ("builtin_tool:web_search",)


def test_codex_gets_its_namespaced_tools_back() -> None:
    body, translated = sent("codex_plain", "messages")
    assert "multi_agent_v1__spawn_agent" in [tool["name"] for tool in body["tools"]]
    answer = {
        "id": "msg_1",
        "content": [
            {"type": "tool_use", "id": "t1", "name": "multi_agent_v1__spawn_agent", "input": {"message": "Go"}}
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    told = json.loads(translate.reply("responses", "messages", raw(answer), "gpt-5.2-codex", translated.back))
    (call,) = told["output"]
    assert (call["type"], call["namespace"], call["name"]) == ("function_call", "multi_agent_v1", "spawn_agent")
    # And when Codex sends that call back with the next request, it has the model's name for it again.
    _, asked = recorded("codex_plain")
    asked["input"] += [call, {"type": "function_call_output", "call_id": "t1", "output": "started"}]
    again = json.loads(translate.request("responses", "messages", raw(asked), "claude-opus-4-8").body)
    assert again["messages"][-2]["content"][0]["name"] == "multi_agent_v1__spawn_agent"


def test_aider_on_claude() -> None:
    body, _ = sent("aider_plain", "messages")
    assert "cache_control" in body["system"][-1]
    assert [message["role"] for message in body["messages"]][-1] == "user"


def test_pictures_and_schemas_of_the_sdks() -> None:
    picture = "iVBORw0KGgo"
    chat, _ = sent("openai_responses_result", "chat")
    assert chat["messages"][0]["content"][1]["image_url"]["url"].startswith(f"data:image/png;base64,{picture}")
    assert chat["response_format"]["json_schema"]["strict"] is True
    claude, _ = sent("openai_chat_result", "messages")
    source = claude["messages"][0]["content"][1]["source"]
    assert (source["type"], source["media_type"], source["data"][:11]) == ("base64", "image/png", picture)
    assert claude["output_config"]["format"]["schema"]["required"] == ["city"]
    responses, _ = sent("anthropic_result", "responses")
    assert responses["input"][0]["content"][2]["image_url"] == "https://example.com/a.png"
    assert responses["text"]["format"]["schema"]["required"] == ["city"]
    assert responses["input"][-1] == {"type": "function_call_output", "call_id": "toolu_01Rec", "output": "18 C"}
