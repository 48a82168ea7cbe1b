"""A provider in trouble: what is tried again, what ends the run, what the person is told; and nothing is paid twice."""

import time

import pytest

from appliance.domain import lifecycle, provider_forms, providers
from appliance.gateway.failures import FAILURES, backoff_s
from tests.engine.floor import Floor, comment, finish
from tests.gateway.scripted import Answer, ScriptedServer, http, sse
from tests.waiting import until

TEXT = {"choices": [{"delta": {"content": "half"}}]}


@pytest.mark.parametrize(
    ("line", "code", "reason"),
    [
        ("sim: fail 401", "provider_auth", "capability"),
        ("sim: fail 402", "provider_payment", "capability"),
        ("sim: fail 404", "provider_not_found", "capability"),
        ("sim: fail 400", "provider_rejected", "needs_decision"),
        ("sim: fail 413", "context_too_long", "needs_decision"),
    ],
)
def test_what_cannot_get_better_ends_the_run(floor: Floor, line: str, code: str, reason: str) -> None:
    task = floor.done(line)
    assert floor.outcome(task) == ("failed", code, "blocked")
    assert task.blocked_reason == reason
    assert FAILURES[code].title in task.blocked_detail
    assert FAILURES[code].what_to_do in task.blocked_detail
    assert "asked for by a sim: line" in task.blocked_detail
    [call] = floor.ledger(task)
    assert (call.state, call.failure_code, call.attempts, call.cost_nano) == ("failed", code, 1, 0)
    assert floor.reserved() == 0


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("sim: fail 500", "provider_error"),
        ("sim: fail 503", "provider_overloaded"),
        ("sim: fail 429", "provider_rate_limited"),
        ("sim: timeout", "provider_timeout"),
        ("sim: cut", "stream_cut"),
        ("sim: garbage", "provider_garbage"),
    ],
)
def test_what_may_get_better_is_tried_until_its_limit_then_blocks(floor: Floor, line: str, code: str) -> None:
    task = floor.done(line)
    assert floor.run(task).state == "waiting"
    assert FAILURES[code].title in floor.run(task).failure_detail
    for later in range(1, FAILURES[code].max_attempts):
        with floor.later(1000 * later):
            floor.work()
    assert floor.outcome(task) == ("failed", code, "blocked")
    assert FAILURES[code].what_to_do in floor.now(task).blocked_detail
    assert sum(call.attempts for call in floor.ledger(task)) >= FAILURES[code].max_attempts
    assert floor.reserved() == 0


@pytest.mark.parametrize(
    "line", ["sim: fail 500 x4", "sim: fail 503 x4", "sim: timeout x3", "sim: cut x2", "sim: garbage x1"]
)
def test_a_fault_that_passes_costs_nothing_but_time(floor: Floor, line: str) -> None:
    task = floor.done(line, comment("Here."), finish())
    for later in range(1, 6):
        with floor.later(1000 * later):
            floor.work()
    assert floor.now(task).state == "done"
    assert floor.comments(task) == ["Here."]
    assert [call.state for call in floor.ledger(task)].count("ok") == 2
    assert floor.now(task).cost_nano == sum(call.cost_nano or 0 for call in floor.ledger(task))


def test_a_rate_limit_waits_as_long_as_it_asks_and_frees_the_worker(floor: Floor) -> None:
    slow = floor.done("sim: fail 429 retry-after 60 x1", finish())
    assert floor.outcome(slow) == ("waiting", "quota", "in_progress")
    assert floor.now(floor.done(finish(), title="Meanwhile")).state == "done"
    with floor.later(59):
        assert floor.run(slow).state == "waiting"
    with floor.later(61):
        floor.work()
    assert floor.now(slow).state == "done"


def test_a_retry_is_a_new_run_that_knows_why_the_last_one_failed(floor: Floor) -> None:
    task = floor.done("sim: fail 401 x1", finish())
    lifecycle.retry(floor.db, floor.actor, task.id)
    floor.work()
    assert floor.now(task).state == "blocked"
    second, first = floor.run(task), floor.db.rows("SELECT id FROM runs WHERE attempt = 1")[0]["id"]
    assert (second.attempt, second.retry_of) == (2, first)
    asked = floor.db.value("SELECT content FROM messages WHERE run_id = :id AND role = 'user'", {"id": second.id})
    assert "An earlier attempt ended with: The provider refused the key" in asked
    assert floor.now(task).cost_nano == sum(call.cost_nano or 0 for call in floor.ledger(task))


def test_an_account_that_nobody_has_is_named_before_anything_is_sent(floor: Floor) -> None:
    floor.change_agent(model="gpt-none")
    task = floor.done(finish())
    assert floor.outcome(task) == ("failed", "provider_failed", "blocked")
    assert "No provider account serves the model 'gpt-none'" in task.blocked_detail
    assert floor.ledger(task) == []


def test_a_paused_account_is_named(floor: Floor) -> None:
    providers.change(floor.db, floor.actor, floor.world.vault, "Simulated", provider_forms.ProviderChange(paused=True))
    task = floor.done(finish())
    assert task.blocked_detail == "The account Simulated serves 'simulated' but is paused. Resume it."


def test_an_unpriced_model_is_never_called(floor: Floor, provider: ScriptedServer) -> None:
    floor.account("openai-compatible", provider.url, "house-model")
    task = floor.done("Hello")
    assert floor.outcome(task) == ("failed", "unpriced_model", "blocked")
    assert task.blocked_reason == "capability"
    assert "Set a price for the model on its provider" in task.blocked_detail
    assert provider.received == []
    assert (floor.ledger(task), floor.reserved()) == ([], 0)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http(401, {"error": {"message": "Bad key"}}), "provider_auth"),
        (http(402, {"error": {"message": "No credit"}}), "provider_payment"),
    ],
)
def test_over_a_real_socket_a_refusal_is_what_the_person_reads(
    floor: Floor, provider: ScriptedServer, answer: Answer, code: str
) -> None:
    price = provider_forms.ModelPrice(1, 2)
    floor.account("openai-compatible", provider.url, "m", prices={"m": price})
    provider.will(answer)
    task = floor.done("Hello")
    assert floor.outcome(task) == ("failed", code, "blocked")
    assert "It said:" in task.blocked_detail
    assert len(provider.received) == 1


@pytest.mark.parametrize(
    "trouble",
    [http(500, "oops"), http(200, "<html>hi</html>"), sse(TEXT, whole=False), Answer(b"", hang=True)],
    ids=["500", "garbage", "cut", "silence"],
)
def test_over_a_real_socket_trouble_passes(floor: Floor, provider: ScriptedServer, trouble: Answer) -> None:
    price = provider_forms.ModelPrice(1, 2)
    floor.account("openai-compatible", provider.url, "m", prices={"m": price})
    floor.pump.calls = floor.new_calls("floor", timeout_s=0.3)
    usage = {"choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 500}}
    whole = {"choices": [{"delta": {"content": "The answer."}, "finish_reason": "stop"}]}
    provider.will(trouble, sse(whole, usage, "[DONE]"))
    task = floor.done("Hello")
    with floor.later(100):
        floor.work()
    assert floor.now(task).state == "done"
    assert floor.now(task).result == "The answer."
    good = floor.ledger(task)[-1]
    assert (good.input_total, good.output_total) == (1000, 500)
    paid = sum(call.cost_nano or 0 for call in floor.ledger(task))
    assert floor.now(task).cost_nano == floor.run(task).cost_nano == paid >= 1_000_000 + 1_000_000


@pytest.mark.parametrize(
    "code", ["provider_rate_limited", "provider_overloaded", "provider_error", "provider_unreachable"]
)
def test_mistake_09_the_tries_outlast_an_outage_of_two_hours(code: str) -> None:
    tries = FAILURES[code].max_attempts
    assert sum(backoff_s(code, attempt, "run") for attempt in range(1, tries)) > 7200
    assert max(backoff_s(code, attempt, "run") for attempt in range(1, tries)) <= 300


def test_mistake_10_a_worker_whose_report_is_lost_does_not_run_for_ever(floor: Floor) -> None:
    task = floor.task(finish())
    floor.claim("silent")
    with floor.later(31):
        floor.work()
    assert floor.outcome(task) == ("succeeded", "", "done")


def test_mistake_11_a_refusal_is_never_a_result(floor: Floor) -> None:
    refused = floor.done("sim: fail 400")
    assert (refused.state, refused.result) == ("blocked", "")
    empty = floor.done("sim: empty", title="Says nothing")
    assert (empty.state, empty.result) == ("blocked", "")
    assert floor.run(empty).state == "incomplete"


def test_a_pause_between_two_tries_ends_with_the_wish_to_stop(floor: Floor) -> None:
    task = floor.task("sim: fail 429 retry-after 2")
    with floor.engine():
        until(lambda: floor.run(task).state == "running")
        began = time.monotonic()
        floor.cancel(task)
        until(lambda: floor.run(task).state == "cancelled", seconds=3)
        assert time.monotonic() - began < 1.5
