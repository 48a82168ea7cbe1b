"""The chat-completions wire against scripted bytes: what is sent, what is read, and the habits of other servers."""

import pytest

from appliance.gateway.client import Gateway
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.openai_compatible import base
from appliance.gateway.types import Account, ChatRequest, Message, Reply, ToolCall, ToolSpec, Usage

from .scripted import Answer, ScriptedServer, http, sse

USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}


def chunk(delta: object = None, finish: str | None = None, **more: object) -> dict[str, object]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "c1", "model": "served-model", "choices": choices, **more}


def account(provider: ScriptedServer, **more: object) -> Account:
    return Account("a1", "openai-compatible", provider.url, "sk-secret-value", **more)  # type: ignore[arg-type]


def ask(gateway: Gateway, provider: ScriptedServer, answer: Answer, **more: object) -> Reply:
    provider.will(answer)
    request = ChatRequest("m", (Message("system", "Be brief."), Message("user", "Hi")), **more)  # type: ignore[arg-type]
    return gateway.send(account(provider), request)


def test_text_streams_in_pieces_and_is_counted(gateway: Gateway, provider: ScriptedServer) -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 8}, "completion_tokens_details": {"reasoning_tokens": 3}}
    provider.will(
        sse(
            chunk({"role": "assistant", "content": ""}),
            chunk({"content": "Hel"}),
            chunk({"content": "lo"}),
            chunk({}, "stop", service_tier="flex"),
            chunk(usage=USAGE | details),
            "[DONE]",
        )
    )
    heard: list[str] = []
    reply = gateway.send(account(provider), ChatRequest("m", (Message("user", "Hi"),)), heard.append)
    assert heard == ["Hel", "lo"]
    assert (reply.content, reply.stop_reason, reply.model, reply.tier) == ("Hello", "stop", "served-model", "flex")
    assert reply.usage == Usage(input_total=12, cache_read=8, output_total=5, reasoning=3)
    assert reply.request_id == "c1"
    assert 0 < reply.first_byte_ms <= reply.duration_ms


def test_the_request_is_what_the_reference_asks_for(
    gateway: Gateway, provider: ScriptedServer, tools: tuple[ToolSpec, ...]
) -> None:
    provider.will(sse(chunk({"content": "ok"}, "stop"), "[DONE]"))
    call = ToolCall("call_1", "workspace.write", '{"path":"a.md"}')
    messages = (
        Message("system", "S"),
        Message("user", "U"),
        Message("assistant", "", (call,)),
        Message("tool", "written", (), "call_1"),
    )
    gateway.send(account(provider), ChatRequest("m", messages, tools, max_tokens=99, seed=7))
    sent = provider.received[0]
    assert (sent.method, sent.path) == ("POST", "/v1/chat/completions")
    assert sent.headers["authorization"] == "Bearer sk-secret-value"
    assert sent.headers["accept-encoding"] == "identity"
    assert sent.body["stream_options"] == {"include_usage": True}
    assert (sent.body["max_tokens"], "seed" in sent.body) == (99, False)
    assert [tool["function"]["name"] for tool in sent.body["tools"]] == [
        "workspace__list",
        "workspace__write",
        "task__finish",
    ]
    function = {"name": "workspace__write", "arguments": '{"path":"a.md"}'}
    assert sent.body["messages"] == [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "U"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "written"},
    ]


def part(index: int | None, name: str | None, arguments: object, call_id: str | None = None) -> dict[str, object]:
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": index, "id": call_id, "function": function}]}


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        (
            [part(0, "workspace__write", '{"pa', "x"), part(0, None, 'th":1}'), part(1, "task__finish", "{}", "y")],
            (ToolCall("x", "workspace.write", '{"path":1}'), ToolCall("y", "task.finish", "{}")),
        ),
        (
            [part(0, "task__finish", "{}", "x"), part(0, "task__finish", '{"a":1}', "y")],
            (ToolCall("x", "task.finish", "{}"), ToolCall("y", "task.finish", '{"a":1}')),
        ),
        ([part(None, "task__finish", {"a": 1})], (ToolCall("call_1", "task.finish", '{"a":1}'),)),
        ([part(0, "task__finish", '{"a": oops', "x")], (ToolCall("x", "task.finish", '{"a": oops'),)),
        ([part(0, "rocket__launch", "{}", "x")], (ToolCall("x", "rocket.launch", "{}"),)),
    ],
    ids=["fragments", "all numbered 0", "object arguments, no id", "broken JSON stays raw", "unknown tool stays"],
)
def test_tool_calls_are_put_together(
    gateway: Gateway,
    provider: ScriptedServer,
    tools: tuple[ToolSpec, ...],
    deltas: list[object],
    expected: tuple[ToolCall, ...],
) -> None:
    stream = sse(*(chunk(delta) for delta in deltas), chunk({}, "tool_calls"), "[DONE]")
    reply = ask(gateway, provider, stream, tools=tools)
    assert reply.tool_calls == expected
    assert reply.stop_reason == "tool_calls"


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (USAGE, Usage(12, output_total=5)),
        (USAGE | {"total_tokens": 30}, Usage(12, output_total=18)),
        (USAGE | {"prompt_cache_hit_tokens": 4}, Usage(12, 4, output_total=5)),
        (None, None),
    ],
    ids=["plain", "reasoning only in the total", "deepseek cache", "none"],
)
def test_usage_on_a_chunk_with_choices(
    gateway: Gateway, provider: ScriptedServer, reported: object, expected: Usage | None
) -> None:
    reply = ask(gateway, provider, sse(chunk({"content": "x"}, "stop", usage=reported)))
    assert reply.usage == expected


def test_a_reported_cost_is_kept_to_the_nano_dollar(gateway: Gateway, provider: ScriptedServer) -> None:
    reply = ask(gateway, provider, sse(chunk({"content": "x"}, "stop", usage=USAGE | {"cost": 0.00014}), "[DONE]"))
    assert reply.reported_cost_nano == 140_000


def test_a_server_that_does_not_stream(gateway: Gateway, provider: ScriptedServer) -> None:
    whole = {"id": "c9", "choices": [{"message": {"content": "All at once"}, "finish_reason": "stop"}], "usage": USAGE}
    reply = ask(gateway, provider, http(200, whole, x_request_id="r7"))
    assert (reply.content, reply.usage, reply.request_id) == ("All at once", Usage(12, output_total=5), "r7")


@pytest.mark.parametrize(
    ("complaint", "lost", "kept"),
    [
        ("Unknown field: stream_options", "stream_options", "max_tokens"),
        ("'max_tokens' is not supported, use 'max_completion_tokens'", "max_tokens", "max_completion_tokens"),
    ],
)
def test_a_refused_parameter_is_left_out_from_then_on(
    gateway: Gateway, provider: ScriptedServer, complaint: str, lost: str, kept: str
) -> None:
    good = sse(chunk({"content": "ok"}, "stop"), "[DONE]")
    provider.will(http(400, {"error": {"message": complaint}}), good)
    assert ask(gateway, provider, good, max_tokens=9).content == "ok"
    assert ask(gateway, provider, good, max_tokens=9).content == "ok"
    assert [lost in sent.body for sent in provider.received] == [True, False, False]
    assert all(kept in sent.body for sent in provider.received[1:])


def test_an_answer_with_no_content_is_a_reply(gateway: Gateway, provider: ScriptedServer) -> None:
    reply = ask(gateway, provider, sse(chunk({"content": None}, "stop", usage=USAGE), "[DONE]"))
    assert (reply.content, reply.tool_calls, reply.usage) == ("", (), Usage(12, output_total=5))


def test_an_error_inside_the_stream(gateway: Gateway, provider: ScriptedServer) -> None:
    stream = sse(chunk({"content": "x"}), {"error": {"message": "Slow down sk-secret-value", "code": 429}})
    with pytest.raises(ProviderFailure) as caught:
        ask(gateway, provider, stream)
    failure = caught.value
    assert (failure.code, failure.phase, failure.output_bytes) == ("provider_rate_limited", "mid_stream", 1)
    assert failure.message == "Slow down [secret]"


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("http://box:11434/v1/chat/completions", "http://box:11434/v1"),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
        ("https://host/v1beta/openai/", "https://host/v1beta/openai"),
        ("http://vllm.local:8000/llm", "http://vllm.local:8000/llm/v1"),
    ],
)
def test_the_base_url_may_lack_its_version(typed: str, called: str) -> None:
    assert base(typed) == called


def test_a_finished_stream_leaves_its_connection_to_the_next_call(gateway: Gateway, provider: ScriptedServer) -> None:
    answer = sse(chunk({"content": "ok"}, "stop"), "[DONE]", keep=True)
    ask(gateway, provider, answer)
    ask(gateway, provider, answer)
    first, second = provider.received
    assert first.port == second.port


def test_models_are_listed(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(http(200, {"object": "list", "data": [{"id": "b"}, {"id": "a"}]}))
    assert gateway.models(account(provider)) == ["a", "b"]
    assert provider.received[0].path == "/v1/models"
