"""The Messages wire against scripted bytes."""

import pytest

from appliance.gateway.anthropic import base
from appliance.gateway.client import Gateway
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.types import Account, ChatRequest, Message, ToolCall, ToolSpec, Usage

from .scripted import ScriptedServer, http, sse

STARTED = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "model": "claude-opus-4-8",
        "usage": {
            "input_tokens": 12,
            "cache_creation_input_tokens": 500,
            "cache_read_input_tokens": 1000,
            "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200},
            "output_tokens": 1,
            "service_tier": "standard",
        },
    },
}
STOP = {"type": "message_stop"}
WRITE = {"type": "tool_use", "id": "toolu_1", "name": "workspace__write", "input": {}}


def text(piece: str) -> dict[str, object]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}


def tool_json(piece: str) -> dict[str, object]:
    return {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": piece}}


def ended(reason: str, **usage: int) -> dict[str, object]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


def account(provider: ScriptedServer, kind: str = "anthropic") -> Account:
    return Account("a1", kind, provider.url, "sk-ant-secret")


HI = ChatRequest("claude-opus-4-8", (Message("user", "Hi"),))


def test_text_and_a_tool_call(gateway: Gateway, provider: ScriptedServer, tools: tuple[ToolSpec, ...]) -> None:
    provider.will(
        sse(
            STARTED,
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "ping"},
            text("I will "),
            text("write."),
            {"type": "content_block_stop", "index": 0},
            {"type": "content_block_start", "index": 1, "content_block": WRITE},
            tool_json('{"path": "a.'),
            tool_json('md"}'),
            {"type": "content_block_stop", "index": 1},
            ended("tool_use", output_tokens=2),
            ended("tool_use", output_tokens=3),
            STOP,
            names=True,
        )
    )
    heard: list[str] = []
    reply = gateway.send(account(provider), ChatRequest("claude-opus-4-8", HI.messages, tools), heard.append)
    assert heard == ["I will ", "write."]
    assert reply.content == "I will write."
    assert reply.tool_calls == (ToolCall("toolu_1", "workspace.write", '{"path": "a.md"}'),)
    assert (reply.stop_reason, reply.tier, reply.request_id) == ("tool_calls", "standard", "msg_1")
    # The second message_delta replaces the first: 3 tokens, not 5.
    assert reply.usage == Usage(1512, 1000, cache_write_5m=300, cache_write_1h=200, output_total=3)


def test_cumulative_usage_replaces_what_the_start_said(gateway: Gateway, provider: ScriptedServer) -> None:
    start = {"type": "message_start", "message": {"id": "m", "model": "x", "usage": {"input_tokens": 0}}}
    provider.will(sse(start, ended("end_turn", input_tokens=40, cache_read_input_tokens=2, output_tokens=9), STOP))
    assert gateway.send(account(provider), HI).usage == Usage(42, 2, output_total=9)


def test_the_request_is_what_the_reference_asks_for(
    gateway: Gateway, provider: ScriptedServer, tools: tuple[ToolSpec, ...]
) -> None:
    provider.will(sse(STARTED, text("ok"), ended("end_turn", output_tokens=1), STOP))
    calls = (ToolCall("t1", "workspace.list", "{}"), ToolCall("t2", "task.finish", "{broken"))
    messages = (
        Message("system", "S1"),
        Message("system", "S2"),
        Message("user", "U"),
        Message("assistant", "Let me see", calls),
        Message("tool", "a.md", (), "t1"),
        Message("tool", "bad arguments", (), "t2"),
        Message("user", "Go on"),
    )
    gateway.send(account(provider), ChatRequest("claude-opus-4-8", messages, tools))
    sent = provider.received[0]
    assert (sent.method, sent.path) == ("POST", "/v1/messages")
    assert (sent.headers["x-api-key"], sent.headers["anthropic-version"]) == ("sk-ant-secret", "2023-06-01")
    assert "authorization" not in sent.headers
    assert (sent.body["system"], sent.body["max_tokens"]) == ("S1\n\nS2", 4000)
    assert sent.body["tools"][1]["name"] == "workspace__write"
    assert sent.body["tools"][1]["input_schema"]["required"] == ["path", "content"]
    assert sent.body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "U"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me see"},
                {"type": "tool_use", "id": "t1", "name": "workspace__list", "input": {}},
                {"type": "tool_use", "id": "t2", "name": "task__finish", "input": {"invalid_arguments": "{broken"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "a.md"},
                {"type": "tool_result", "tool_use_id": "t2", "content": "bad arguments"},
                {"type": "text", "text": "Go on"},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("pieces", "arguments"), [([], "{}"), (['{"path": oops'], '{"path": oops')], ids=["none", "broken JSON stays raw"]
)
def test_tool_arguments_stay_as_sent(
    gateway: Gateway, provider: ScriptedServer, pieces: list[str], arguments: str
) -> None:
    start = {"type": "content_block_start", "index": 1, "content_block": WRITE | {"name": "rocket__launch"}}
    provider.will(sse(STARTED, start, *map(tool_json, pieces), ended("tool_use", output_tokens=9), STOP))
    assert gateway.send(account(provider), HI).tool_calls == (ToolCall("toolu_1", "rocket.launch", arguments),)


def test_an_answer_with_no_content_is_a_reply(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(sse(STARTED, ended("end_turn", output_tokens=1), STOP))
    reply = gateway.send(account(provider), HI)
    assert (reply.content, reply.tool_calls, reply.stop_reason) == ("", (), "stop")


def test_overload_in_the_middle_keeps_the_usage_known_so_far(gateway: Gateway, provider: ScriptedServer) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    provider.will(sse(STARTED, text("half"), error, names=True))
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(account(provider), HI)
    failure = caught.value
    assert (failure.code, failure.phase, failure.output_bytes) == ("provider_overloaded", "mid_stream", 4)
    assert failure.usage is not None
    assert failure.usage.input_total == 1512


def test_a_stream_without_message_stop_is_cut(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(sse(STARTED, text("half"), ended("end_turn", output_tokens=5)))
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(account(provider), HI)
    assert caught.value.code == "stream_cut"


def test_an_imitation_gets_the_key_both_ways(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(http(200, {"data": [{"type": "model", "id": "b"}, {"type": "model", "id": "a"}]}))
    assert gateway.models(account(provider, "anthropic-compatible")) == ["a", "b"]
    assert provider.received[0].headers["authorization"] == "Bearer sk-ant-secret"


@pytest.mark.parametrize("typed", ["https://h/x", "https://h/x/", "https://h/x/v1", "https://h/x/v1/messages"])
def test_the_base_url_may_have_its_version(typed: str) -> None:
    assert base(typed) == "https://h/x"
