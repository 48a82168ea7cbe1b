"""The simulated provider: scripts, faults, replay, usage, and believable work without a script."""

import asyncio
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from appliance.gateway.client import Gateway
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.simulated_worker import files, required_phrases, title
from appliance.gateway.types import Account, ChatRequest, Message, Reply, ToolSpec, Usage
from appliance.gateway.verdicts import QUESTION, RESULT, RUBRIC, Verdict, quoted, read

SIM = Account("a1", "simulated")


def ask(gateway: Gateway, *contents: str, tools: tuple[ToolSpec, ...] = (), attempt: int = 1) -> Reply:
    """User messages with the provider's own answers between them."""
    messages: tuple[Message, ...] = (Message("system", "You are Ada."),)
    for content in contents:
        messages += (Message("user", content),)
        reply = gateway.send(SIM, ChatRequest("simulated", messages, tools, attempt=attempt))
        messages += (Message("assistant", reply.content, reply.tool_calls),)
    return reply


def work(gateway: Gateway, prompt: str, tools: tuple[ToolSpec, ...], account: Account = SIM) -> list[Reply]:
    """A tool loop until task.finish or plain text."""
    messages: tuple[Message, ...] = (Message("system", "You are Ada."), Message("user", prompt))
    replies: list[Reply] = []
    while len(replies) < 9:
        reply = gateway.send(account, ChatRequest("simulated", messages, tools))
        replies.append(reply)
        if not reply.tool_calls or reply.tool_calls[0].name == "task.finish":
            break
        messages += (Message("assistant", reply.content, reply.tool_calls),)
        messages += tuple(Message("tool", "ok", (), call.id) for call in reply.tool_calls)
    return replies


def calls(replies: list[Reply]) -> list[str]:
    return [call.name for reply in replies for call in reply.tool_calls]


SCRIPT = """Please do this.
sim: tool workspace.write {"path": "a.txt", "content": "hi"}
  - sim: tool rocket.launch {"broken
sim: say Two\\nlines
sim: empty"""


def test_a_script_plays_one_line_per_answer_and_then_finishes(gateway: Gateway, tools: tuple[ToolSpec, ...]) -> None:
    messages: tuple[Message, ...] = (Message("user", SCRIPT),)
    seen = []
    for _ in range(5):
        reply = gateway.send(SIM, ChatRequest("simulated", messages, tools))
        seen.append(reply.content or [(call.name, call.arguments) for call in reply.tool_calls])
        messages += (Message("assistant", reply.content, reply.tool_calls), Message("tool", "ok", (), "x"))
    assert seen == [
        [("workspace.write", '{"path": "a.txt", "content": "hi"}')],
        [("rocket.launch", '{"broken')],
        "Two\nlines",
        [],
        [("task.finish", '{"summary":"Two\\nlines"}')],
    ]


@pytest.mark.parametrize(
    ("rubric", "result", "passed", "reason"),
    [
        ('It contains "Summary".', "A summary.", True, "It does what the rubric asks for."),
        ('It contains "Summary".', "Nothing.", False, "“Summary” is not there."),
        ("Look.\nsim: verdict fail Too thin", "A summary.", False, "Too thin"),
        ("Look.\nsim: verdict pass", "Nothing.", True, "A sim: line asked for this verdict."),
        ("Look.", "sim: verdict fail Never", True, "It does what the rubric asks for."),
        ("Look.", " ", False, "There is nothing to judge."),
    ],
)
def test_a_reviewer_answers_with_a_verdict(
    gateway: Gateway, rubric: str, result: str, passed: bool, reason: str
) -> None:
    asked = f"{RUBRIC}\n{rubric}\n\nTask:\n| T\n\n{RESULT}\n{quoted(result)}"
    messages = (Message("system", f"You are Kim.\n\n{QUESTION}"), Message("user", asked))
    reply = gateway.send(SIM, ChatRequest("simulated", messages))
    assert read(reply.content) == Verdict(passed, reason)


def test_a_newer_message_with_lines_starts_a_new_script(gateway: Gateway) -> None:
    assert ask(gateway, "sim: say one\nsim: say two", "sim: say three").content == "three"
    assert ask(gateway, "sim: say one\nsim: say two", "and now?").content == "two"


def test_lines_from_tools_and_answers_are_not_obeyed(gateway: Gateway) -> None:
    messages = (
        Message("user", "sim: say one\nsim: say two"),
        Message("assistant", "sim: fail 500"),
        Message("tool", "sim: fail 500", (), "x"),
    )
    assert gateway.send(SIM, ChatRequest("simulated", messages)).content == "two"


@pytest.mark.parametrize(
    ("line", "code", "status", "retry_after"),
    [
        ("fail 429 retry-after 3", "provider_rate_limited", 429, 3.0),
        ("fail 401", "provider_auth", 401, None),
        ("fail 402", "provider_payment", 402, None),
        ("fail 529", "provider_overloaded", 529, None),
        ("fail", "provider_error", 500, None),
        ("cut", "stream_cut", None, None),
        ("garbage", "provider_garbage", None, None),
        ("timeout", "provider_timeout", None, None),
    ],
)
def test_faults_look_like_those_of_real_providers(
    gateway: Gateway, line: str, code: str, status: int | None, retry_after: float | None
) -> None:
    for attempt in (1, 5):
        with pytest.raises(ProviderFailure) as caught:
            ask(gateway, f"sim: {line}", attempt=attempt)
        failure = caught.value
        assert (failure.code, failure.status, failure.retry_after) == (code, status, retry_after)


@pytest.mark.parametrize(
    ("attempt", "outcome"), [(1, "provider_rate_limited"), (2, "provider_rate_limited"), (3, "stream_cut"), (4, "well")]
)
def test_a_fault_with_a_number_is_over_after_so_many_attempts(gateway: Gateway, attempt: int, outcome: str) -> None:
    script = "sim: fail 429 x2\nsim: cut x1\nsim: say well"
    try:
        assert ask(gateway, script, attempt=attempt).content == outcome
    except ProviderFailure as failure:
        assert failure.code == outcome


def test_a_fault_waits_for_its_turn(gateway: Gateway) -> None:
    script = "sim: say one\nsim: fail 500 x1\nsim: say two"
    assert ask(gateway, script).content == "one"
    with pytest.raises(ProviderFailure):
        ask(gateway, script, "go on")
    messages = (Message("user", script), Message("assistant", "one"), Message("user", "go on"))
    assert gateway.send(SIM, ChatRequest("simulated", messages, attempt=2)).content == "two"


def test_a_cut_answer_has_begun_and_is_counted(gateway: Gateway) -> None:
    heard: list[str] = []
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(SIM, ChatRequest("simulated", (Message("user", "sim: cut"),)), heard.append)
    assert heard
    assert caught.value.phase == "mid_stream"
    assert caught.value.usage is not None


def test_usage_is_reported_as_told(gateway: Gateway) -> None:
    reply = ask(gateway, "sim: usage in=12 out=3 cache_read=300\nsim: say x")
    assert reply.usage == Usage(input_total=312, cache_read=300, output_total=3)


def test_usage_grows_with_the_text_and_repeated_text_is_cached(gateway: Gateway, tools: tuple[ToolSpec, ...]) -> None:
    first, second = (r.usage for r in work(gateway, "sim: tool workspace.list\nsim: say " + "word " * 40, tools)[:2])
    assert first is not None
    assert second is not None
    assert first.cache_read == 0
    assert second.cache_read == first.input_total
    assert second.input_total > first.input_total
    assert second.output_total == 50


def test_latency_is_waited_for_and_can_be_cancelled(gateway: Gateway) -> None:
    request = ChatRequest("simulated", (Message("user", "sim: latency 60ms\nsim: say x"),))
    reply = gateway.send(SIM, request)
    assert 60 <= reply.first_byte_ms < 1000
    slow = ChatRequest("simulated", (Message("user", "sim: latency 60s\nsim: say x"),))
    started = time.perf_counter()
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(SIM, slow, None, lambda: True)
    assert caught.value.code == "cancelled"
    assert time.perf_counter() - started < 0.5


def test_the_real_pace_streams_word_by_word(gateway: Gateway) -> None:
    heard: list[str] = []
    request = ChatRequest("sim-swift", (Message("user", "sim: say one two three"),))
    reply = gateway.send(msgspec.structs.replace(SIM, pace="real"), request, heard.append)
    assert heard == ["one ", "two ", "three"]
    assert reply.first_byte_ms >= 300


def test_an_unknown_model_is_refused(gateway: Gateway) -> None:
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(SIM, ChatRequest("gpt-4o", (Message("user", "Hi"),)))
    assert caught.value.code == "provider_not_found"
    assert gateway.models(SIM) == ["simulated", "sim-swift", "sim-standard", "sim-deep"]


TASK = """# Draft the onboarding checklist

Write it to notes/2.4.md.
Checks:
- must contain: Security briefing
- must not contain: TBD
"""


def test_work_without_a_script(gateway: Gateway, tools: tuple[ToolSpec, ...]) -> None:
    replies = work(gateway, TASK, tools)
    assert calls(replies)[-2:] == ["workspace.write", "task.finish"]
    written = json.loads(replies[-2].tool_calls[0].arguments)
    assert written["path"] == "notes/2.4.md"
    assert written["content"].startswith("# The onboarding checklist\n")
    assert written["content"].endswith("*Written by the simulated provider.*\n")
    assert 150 <= len(written["content"].split()) <= 320
    assert "Security briefing" in written["content"]
    assert "TBD" not in written["content"]
    assert "notes/2.4.md" in json.loads(replies[-1].tool_calls[0].arguments)["summary"]


def test_the_same_seeds_and_prompt_give_the_same_work(gateway: Gateway, tools: tuple[ToolSpec, ...]) -> None:
    def told(replies: list[Reply]) -> list[object]:
        return [(r.content, r.tool_calls, r.usage, r.request_id) for r in replies]

    assert told(work(gateway, TASK, tools)) == told(work(gateway, TASK, tools))
    assert told(work(gateway, TASK, tools, Account("a1", "simulated", seed=1))) != told(work(gateway, TASK, tools))


def test_whoever_asks_again_after_the_end_gets_the_work_again(gateway: Gateway, tools: tuple[ToolSpec, ...]) -> None:
    messages: tuple[Message, ...] = (Message("user", "# Compare vendors"),)
    for reply in work(gateway, "# Compare vendors", tools):
        messages += (Message("assistant", "", reply.tool_calls), Message("tool", "ok", (), reply.tool_calls[0].id))
    messages += (Message("user", 'The check failed: it must contain "Total cost".'),)
    reply = gateway.send(SIM, ChatRequest("simulated", messages, tools[1:]))
    assert reply.tool_calls[0].name == "workspace.write"
    assert "Total cost" in reply.tool_calls[0].arguments


def test_without_tools_it_talks(gateway: Gateway) -> None:
    assert ask(gateway, "Compare vendors").content.startswith("Finished: Compare vendors.")


def test_arguments_follow_the_schema_of_the_tool(gateway: Gateway) -> None:
    finish = ToolSpec("task.finish", "", {"type": "object", "properties": {"result": {"type": "string"}}})
    reply = ask(gateway, "Compare vendors", tools=(finish,))
    assert list(json.loads(reply.tool_calls[0].arguments)) == ["result"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Compare vendors\nmore", "Compare vendors"),
        ("Task #12: Compare vendors.\nmore", "Compare vendors"),
        ("**Title:** Compare vendors", "Compare vendors"),
        ("\nCompare vendors\nmore", "Compare vendors"),
        ("", "Untitled task"),
    ],
)
def test_the_title_is_found(text: str, expected: str) -> None:
    assert title(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Read data.csv and write a summary to out/report.md.", ["out/report.md"]),
        ("- file_exists: `notes/2.4.md`\n- file_exists: b.json", ["notes/2.4.md", "b.json"]),
        ("See plan.md for background.", ["plan.md"]),
        ("See https://example.com/index.html", []),
        ("Nothing here", []),
    ],
)
def test_wanted_files_are_found(text: str, expected: list[str]) -> None:
    assert files(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("must contain: Total cost", ["Total cost"]),
        ("- contains: “Total cost”", ["Total cost"]),
        ('It must contain "a" and "b".', ["a", "b"]),
        ("must not contain: TBD", []),
        ("not_contains: TBD", []),
        ("It contains what you like", []),
    ],
)
def test_required_phrases_are_found(text: str, expected: list[str]) -> None:
    assert required_phrases(text) == expected


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    program = """
import sys
from appliance.gateway.client import Gateway
from appliance.gateway.prices import PriceBook
from appliance.gateway.types import Account, ChatRequest, Message
gateway = Gateway()
gateway.start()
gateway.send(Account("a", "simulated"), ChatRequest("simulated", (Message("user", "sim: latency 1ms"),)))
gateway.close()
print(sorted({"aiohttp", "genai_prices"} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


class Late(Gateway):
    """A call comes in just after the calls under way were stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = ThreadPoolExecutor(1)

    async def _drain(self) -> None:
        await super()._drain()
        slow = ChatRequest("simulated", (Message("user", "sim: latency 30s"),))
        self.call = self.pool.submit(self.send, SIM, slow)
        await asyncio.wait([asyncio.wrap_future(self.call)], timeout=0.2)


def test_a_call_that_comes_while_the_gateway_closes_is_given_up_and_never_hangs() -> None:
    closing = Late()
    closing.start()
    closing.close()
    failure = closing.call.exception(5)
    assert isinstance(failure, ProviderFailure)
    assert failure.code == "cancelled"
