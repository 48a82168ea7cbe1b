"""Both real wires against a server that nobody here wrote."""

import json
from collections.abc import Iterator

import pytest

from appliance.gateway.client import Gateway
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.types import Account, ChatRequest, Message, ToolCall, ToolSpec
from tests.thirdparty import Llmock, running

pytestmark = pytest.mark.llmock

SURFACES = {"openai-compatible": ("", "gpt-4o"), "anthropic": ("/anthropic", "claude-opus-4-6")}


@pytest.fixture(scope="module")
def server() -> Iterator[Llmock]:
    with running() as llmock:
        yield llmock


@pytest.fixture
def llmock(server: Llmock) -> Llmock:
    server.post("/_llmock/reset", {})
    return server


@pytest.fixture(params=SURFACES)
def surface(request: pytest.FixtureRequest, llmock: Llmock) -> tuple[Account, str]:
    path, model = SURFACES[request.param]
    return Account("a1", request.param, llmock.url + path, "sk-test"), model


def hi(model: str, tools: tuple[ToolSpec, ...] = ()) -> ChatRequest:
    return ChatRequest(model, (Message("user", "Write a short note about rivers"),), tools)


def test_text_and_usage_are_what_the_server_says_without_streaming(
    gateway: Gateway, llmock: Llmock, surface: tuple[Account, str]
) -> None:
    account, model = surface
    heard: list[str] = []
    reply = gateway.send(account, hi(model), heard.append)
    assert reply.content == "".join(heard)
    assert (reply.stop_reason, reply.model) == ("stop", model)
    body = {
        "model": model,
        "messages": [{"role": "user", "content": hi(model).messages[0].content}],
        "max_tokens": 4000,
    }
    whole = llmock.post("/v1/chat/completions" if account.kind != "anthropic" else "/anthropic/v1/messages", body)
    reported = whole["usage"]
    assert reply.usage is not None
    assert reply.usage.input_total == (reported.get("prompt_tokens") or reported["input_tokens"])
    assert reply.usage.output_total == (reported.get("completion_tokens") or reported["output_tokens"])


def test_a_tool_loop_runs_to_its_end(
    gateway: Gateway, llmock: Llmock, surface: tuple[Account, str], tools: tuple[ToolSpec, ...]
) -> None:
    account, model = surface
    wanted = {"path": "rivers.md", "content": "# Rivers"}
    llmock.will(type="reply", tool_calls=[{"name": "workspace__write", "arguments": wanted}])
    asked = hi(model, tools)
    first = gateway.send(account, asked)
    assert [call.name for call in first.tool_calls] == ["workspace.write"]
    assert json.loads(first.tool_calls[0].arguments) == wanted
    assert first.stop_reason == "tool_calls"
    told = (
        *asked.messages,
        Message("assistant", first.content, first.tool_calls),
        Message("tool", "written", (), first.tool_calls[0].id),
        Message("user", "Go on"),
    )
    llmock.will(type="reply", text="All done.")
    assert gateway.send(account, ChatRequest(model, told, tools)).content == "All done."


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "provider_rejected"),
        (401, "provider_auth"),
        (404, "provider_not_found"),
        (500, "provider_error"),
        (503, "provider_overloaded"),
        (529, "provider_overloaded"),
    ],
)
def test_refusals(gateway: Gateway, llmock: Llmock, surface: tuple[Account, str], status: int, code: str) -> None:
    llmock.will(type="fail", status=status)
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(surface[0], hi(surface[1]))
    assert (caught.value.code, caught.value.status) == (code, status)
    assert len(llmock.get("/_llmock/requests")["requests"]) == 1


def test_a_rate_limit_names_its_wait(gateway: Gateway, llmock: Llmock, surface: tuple[Account, str]) -> None:
    llmock.will(type="fail", status=429, retry_after=2)
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(surface[0], hi(surface[1]))
    assert (caught.value.code, caught.value.retry_after) == ("provider_rate_limited", 2.0)


@pytest.mark.parametrize(
    ("kind", "code"), [("disconnect", "stream_cut"), ("truncate", "stream_cut"), ("malformed", "provider_garbage")]
)
def test_broken_streams(gateway: Gateway, llmock: Llmock, surface: tuple[Account, str], kind: str, code: str) -> None:
    llmock.will(type="stream_fault", kind=kind, after_chunks=3)
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(surface[0], hi(surface[1]))
    assert (caught.value.code, caught.value.phase) == (code, "mid_stream")


def test_a_stalled_stream_is_given_up(gateway: Gateway, llmock: Llmock, surface: tuple[Account, str]) -> None:
    llmock.will(type="stream_fault", kind="stall", after_chunks=2, stall_seconds=1)
    account = Account("a1", surface[0].kind, surface[0].base_url, "sk-test", silence_s=0.2)
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(account, hi(surface[1]))
    assert caught.value.code == "provider_timeout"


def test_broken_tool_calls_arrive_as_they_were_sent(
    gateway: Gateway, llmock: Llmock, surface: tuple[Account, str], tools: tuple[ToolSpec, ...]
) -> None:
    account, model = surface
    llmock.will(type="tool_fault", kind="unknown_tool")
    offered = {tool.name for tool in tools}
    assert gateway.send(account, hi(model, tools)).tool_calls[0].name not in offered
    llmock.will(type="tool_fault", kind="malformed_arguments")
    call: ToolCall = gateway.send(account, hi(model, tools)).tool_calls[0]
    with pytest.raises(json.JSONDecodeError):
        json.loads(call.arguments)


def test_an_account_is_tested_by_its_models(gateway: Gateway, surface: tuple[Account, str]) -> None:
    result = gateway.test(surface[0])
    assert result.ok
    assert any(model.startswith(surface[1].split("-")[0]) for model in result.models)
