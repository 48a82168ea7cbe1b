"""Whole task runs against a model server that nobody here wrote: files, checks, money, and its verdict on us."""

from collections.abc import Iterator
from typing import Any

import pytest

from appliance.domain import checks, ledger
from appliance.domain.checks import NewCheck
from appliance.domain.provider_forms import ModelPrice
from appliance.domain.tasks import Task
from appliance.gateway.client import Gateway
from tests.engine.floor import Floor
from tests.thirdparty import Llmock, running
from tests.world import World

pytestmark = [pytest.mark.llmock, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]

SURFACES = {"openai-compatible": "", "anthropic-compatible": "/anthropic"}
PATHS = {"openai-compatible": "/v1/chat/completions", "anthropic-compatible": "/anthropic/v1/messages"}
PRICE = ModelPrice(3, 15)
NANO_IN, NANO_OUT = 3_000, 15_000
DONE = {"name": "task__finish", "arguments": {"summary": "The river note is written."}}
NOTE = {"name": "workspace__write", "arguments": {"path": "rivers.md", "content": "# Rivers\nThey flow."}}
CHECKS = [NewCheck("file_exists", {"path": "rivers.md"}), NewCheck("contains", {"text": "flow", "file": "rivers.md"})]


@pytest.fixture(scope="module")
def server() -> Iterator[Llmock]:
    with running() as llmock:
        yield llmock


@pytest.fixture
def llmock(server: Llmock) -> Llmock:
    server.post("/_llmock/reset", {})
    return server


@pytest.fixture(params=SURFACES)
def surface(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def floor(world: World, gateway: Gateway, llmock: Llmock, surface: str) -> Iterator[Floor]:
    """Ada works with `lab-1`, which llmock serves and the account prices."""
    with world.db() as db:
        floor = Floor(world, db, gateway)
        floor.account(surface, llmock.url + SURFACES[surface], "lab-1", prices={"lab-1": PRICE})
        yield floor


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    running = Gateway()
    running.start()
    yield running
    running.close()


def river_note(floor: Floor, llmock: Llmock) -> Task:
    """The model will write a file, then finish."""
    llmock.will(type="reply", tool_calls=[NOTE])
    llmock.will(type="reply", tool_calls=[DONE])
    return floor.task("Write a short note about rivers.", title="River note", checks=CHECKS)


def reported(llmock: Llmock, surface: str, asked: dict[str, Any], reply: dict[str, Any]) -> tuple[int, int]:
    """The usage the server reports for a request that it answered before, asked again without a stream."""
    if reply:
        llmock.will(type="reply", tool_calls=[reply])
    body = {k: v for k, v in asked["body"].items() if k not in ("stream", "stream_options")}
    usage = llmock.post(PATHS[surface], body)["usage"]
    first = usage.get("prompt_tokens", usage.get("input_tokens"))
    return first, usage.get("completion_tokens", usage.get("output_tokens"))


def assert_ledger_agrees(floor: Floor, llmock: Llmock, surface: str, task: Task, replies: list[dict[str, Any]]) -> None:
    """Tokens are what the server reports for the same requests; money is their price; every sum is the same."""
    served = [asked for asked in llmock.requests() if asked["status"] == 200 and asked["completed"]]
    good = [call for call in floor.ledger(task) if call.state == "ok"]
    usage = [reported(llmock, surface, asked, reply) for asked, reply in zip(served, replies, strict=True)]
    assert [(call.input_total, call.output_total) for call in good][-len(usage) :] == usage
    for call in good:
        last = ledger.attempts(floor.db, call.id)[-1]
        assert last.cost_source == "override"
        assert last.cost_nano == last.input_total * NANO_IN + last.output_total * NANO_OUT
    paid = sum(call.cost_nano or 0 for call in floor.ledger(task))
    assert paid == floor.now(task).cost_nano == floor.run(task).cost_nano == sum(s.cost_nano for s in floor.steps(task))
    assert floor.reserved() == 0


def test_an_agent_writes_a_file_finishes_and_the_ledger_agrees(floor: Floor, llmock: Llmock, surface: str) -> None:
    task = river_note(floor, llmock)
    floor.work()
    assert (floor.now(task).state, floor.now(task).result) == ("done", "The river note is written.")
    assert floor.files(task).text("rivers.md") == "# Rivers\nThey flow."
    assert [check.state for check in checks.of_task(floor.db, task.id)] == ["pass", "pass"]
    assert llmock.faults() == []
    assert_ledger_agrees(floor, llmock, surface, task, [NOTE, DONE])


def test_a_model_left_to_itself_calls_a_tool_and_answers(floor: Floor, llmock: Llmock, surface: str) -> None:
    floor.change_agent(tools=["workspace.write"])
    task = floor.done("Write something.", checks=[NewCheck("file_exists", {"path": "mock-path"})])
    assert task.state == "done"
    assert task.result
    assert floor.files(task).text("mock-path") == "mock-content"
    assert_ledger_agrees(floor, llmock, surface, task, [{}, {}])


def test_trouble_on_the_way_costs_time_and_nothing_twice(floor: Floor, llmock: Llmock, surface: str) -> None:
    llmock.will(type="fail", status=429, retry_after=1)
    llmock.will(type="fail", status=500)
    llmock.will(type="stream_fault", kind="truncate", after_chunks=1)
    # The answer that is cut takes its reply with it.
    llmock.will(type="reply", tool_calls=[NOTE])
    task = river_note(floor, llmock)
    with floor.engine():
        floor.until(task, "done", "blocked", seconds=25)
    assert floor.now(task).state == "done", floor.now(task).blocked_detail
    assert llmock.faults() == []
    ended = [call.state for call in floor.ledger(task)]
    assert ended.count("ok") == len([s for s in floor.steps(task) if s.kind == "model"])
    attempts = [a for call in floor.ledger(task) for a in ledger.attempts(floor.db, call.id)]
    assert len(attempts) == len(llmock.requests())
    codes = [attempt.failure_code for attempt in attempts if attempt.failure_code]
    assert codes == ["provider_rate_limited", "provider_error", "stream_cut"]
    paid = sum(call.cost_nano or 0 for call in floor.ledger(task))
    assert paid == floor.now(task).cost_nano == sum(attempt.cost_nano or 0 for attempt in attempts)
    assert floor.reserved() == 0


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ({"type": "fail", "status": 401}, "provider_auth"),
        ({"type": "fail", "status": 404}, "provider_not_found"),
        ({"type": "fail", "status": 400}, "provider_rejected"),
    ],
)
def test_trouble_that_does_not_end_is_a_typed_failure(
    floor: Floor, llmock: Llmock, behaviour: dict[str, object], code: str
) -> None:
    llmock.will(**behaviour, times=None)
    task = floor.done("Write something.")
    assert floor.outcome(task) == ("failed", code, "blocked")
    assert (task.cost_nano, floor.reserved(), len(llmock.requests())) == (0, 0, 1)
    assert llmock.faults() == []


def test_broken_streams_without_end_are_a_typed_failure(floor: Floor, llmock: Llmock) -> None:
    llmock.will(type="stream_fault", kind="disconnect", after_chunks=1, times=None)
    task = floor.done("Write something.")
    for later in range(1, 8):
        with floor.later(1000 * later):
            floor.work()
    assert floor.outcome(task) == ("failed", "stream_cut", "blocked")
    assert floor.reserved() == 0
    assert floor.now(task).cost_nano == sum(call.cost_nano or 0 for call in floor.ledger(task)) > 0


def test_broken_tool_calls_end_the_run_after_three(floor: Floor, llmock: Llmock) -> None:
    llmock.will(type="tool_fault", kind="unknown_tool", times=3)
    for _ in range(3):
        llmock.will(type="reply", tool_calls=[NOTE])
    task = floor.done("Write something.")
    assert floor.outcome(task) == ("failed", "unknown_tool", "blocked")
