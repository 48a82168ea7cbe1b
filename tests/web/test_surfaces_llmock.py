"""Tools that call through the box while the provider has trouble: the retries are the box's, and llmock judges them."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from appliance.domain import budgets, ledger, providers
from appliance.domain.ledger import Attempt
from appliance.domain.provider_forms import ModelPrice, NewProvider
from tests.thirdparty import Llmock, running
from tests.web import tools
from tests.world import World

pytestmark = [pytest.mark.llmock, pytest.mark.outside, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]

MODEL = "lab-1"
SURFACES = {"/messages": ("anthropic-compatible", "/anthropic"), "/chat/completions": ("openai-compatible", "")}


@pytest.fixture(scope="module")
def server() -> Iterator[Llmock]:
    with running() as llmock:
        yield llmock


@pytest.fixture
def llmock(server: Llmock) -> Llmock:
    server.post("/_llmock/reset", {})
    return server


@pytest.fixture(params=SURFACES)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def tool(world: World, llmock: Llmock, path: str) -> httpx.Client:
    kind, below = SURFACES[path]
    new = NewProvider("llmock", kind, llmock.url + below, "sk-test", [MODEL], {MODEL: ModelPrice(3, 15)})
    with world.db() as db:
        budgets.put(db, world.alice.actor, "tenant", "", "month", 10**11)
        providers.add(db, world.alice.actor, world.vault, new)
    return tools.tool(world)


def asked(**given: Any) -> dict[str, Any]:
    return {"model": MODEL, "max_tokens": 200, "messages": [{"role": "user", "content": "Write of rivers"}]} | given


def sendings(world: World) -> list[Attempt]:
    """Of the newest of the calls, which is the only one here."""
    call = tools.booked(world)
    with world.db() as db:
        return ledger.attempts(db, call["id"])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"type": "fail", "status": 429, "retry_after": 1}, "provider_rate_limited"),
        ({"type": "fail", "status": 529}, "provider_overloaded"),
        ({"type": "fail", "status": 500}, "provider_error"),
    ],
)
def test_a_fault_that_passes_is_not_seen_by_the_tool_and_held_against_nobody(
    world: World, llmock: Llmock, tool: httpx.Client, path: str, fault: dict[str, Any], code: str, stream: bool
) -> None:
    llmock.will(**fault)
    got = tool.post(f"/gw/v1{path}", json=asked(stream=stream))
    assert got.status_code == 200, got.text
    assert [one.failure_code for one in sendings(world)] == [code, ""]
    assert len(llmock.requests()) == 2
    assert llmock.faults() == []


@pytest.mark.parametrize("status", [500, 529])
def test_a_fault_that_stays_is_tried_three_times_and_no_more(
    world: World, llmock: Llmock, tool: httpx.Client, path: str, status: int
) -> None:
    llmock.will(type="fail", status=status, times=None)
    got = tool.post(f"/gw/v1{path}", json=asked())
    assert got.status_code == status
    assert len(llmock.requests()) == len(sendings(world)) == 3
    assert tools.booked(world)["cost_nano"] == 0
    assert llmock.faults() == []


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_fault_of_the_request_is_sent_once(
    world: World, llmock: Llmock, tool: httpx.Client, path: str, status: int
) -> None:
    llmock.will(type="fail", status=status, times=None)
    assert tool.post(f"/gw/v1{path}", json=asked()).status_code >= 400
    assert len(llmock.requests()) == 1
    assert llmock.faults() == []


@pytest.mark.parametrize("kind", ["disconnect", "truncate"])
def test_a_cut_stream_is_told_paid_and_sent_again_only_by_the_tool(
    world: World, llmock: Llmock, tool: httpx.Client, path: str, kind: str
) -> None:
    llmock.will(type="stream_fault", kind=kind, after_chunks=3)
    got = tool.post(f"/gw/v1{path}", json=asked(stream=True))
    assert got.status_code == 200 and '"error"' in got.text
    (sent,) = sendings(world)
    assert sent.failure_code == "stream_cut" and sent.cost_source == "estimated" and sent.cost_nano
    assert len(llmock.requests()) == 1
    assert '"error"' not in tool.post(f"/gw/v1{path}", json=asked(stream=True)).text
    assert len(llmock.requests()) == 2
    assert llmock.faults() == []


def test_a_slow_stream_arrives_whole(world: World, llmock: Llmock, tool: httpx.Client, path: str) -> None:
    llmock.will(type="stream_fault", kind="stall", after_chunks=2, stall_seconds=1)
    got = tool.post(f"/gw/v1{path}", json=asked(stream=True))
    assert got.status_code == 200 and '"error"' not in got.text
    assert ("message_stop" if path == "/messages" else "[DONE]") in got.text
    assert [one.failure_code for one in sendings(world)] == [""]
    assert llmock.faults() == []
