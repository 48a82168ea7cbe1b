"""A model that misbehaves: it is told and may do better; what never gets there is never called done."""

import pytest

from appliance.engine import planner
from appliance.errors import Problem
from tests.engine.floor import Floor, comment, finish, tool, write
from tests.gateway.scripted import ScriptedServer, sse


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("sim: tool workspace.write {not json", "error: The arguments of workspace.write are not valid JSON"),
        (tool("workspace.write", path="a.md"), "'content' is a required property"),
        (tool("workspace.write", path=5, content="x"), "5 is not of type 'string'"),
        (tool("workspace.write", path="a", content="b", mode="x"), "Additional properties are not allowed"),
        ("sim: tool workspace.write []", "is not of type 'object'"),
        ("sim: tool shell.run {}", "error: There is no tool 'shell.run'. There are: workspace.read"),
        (tool("task.comment", text=""), "error:"),
        (tool("task.comment", text="   "), "error: body: write between 1 and"),
        (tool("task.comment", text="x" * 20_001), "error: body: write between 1 and"),
        (tool("task.finish"), "'summary' is a required property"),
        (tool("workspace.read", path="none.md"), "error: There is no file none.md."),
        (tool("workspace.write", path="../out.md", content="x"), "is not a path inside this task's workspace"),
        (tool("workspace.read", path="/etc/passwd"), "is not a path inside this task's workspace"),
        (tool("workspace.search", text="x"), "No line contains"),
        (tool("workspace.list"), "The workspace is empty."),
    ],
)
def test_a_bad_tool_call_is_told_to_the_model_which_may_correct_itself(floor: Floor, line: str, told: str) -> None:
    task = floor.done(line, comment("Better."), finish())
    assert told in floor.said(task)[0]
    assert floor.comments(task) == ["Better."]
    assert task.state == "done"


@pytest.mark.parametrize(
    ("line", "code"),
    [("sim: tool workspace.write {", "bad_tool_arguments"), ("sim: tool shell.run {}", "unknown_tool")],
)
def test_three_bad_tool_calls_in_a_row_end_the_run(floor: Floor, line: str, code: str) -> None:
    task = floor.done(line, line, line, finish())
    assert floor.outcome(task) == ("failed", code, "blocked")
    assert "3 bad tool calls in a row" in task.blocked_detail
    assert len(floor.tools(task)) == 3


def test_a_good_tool_call_in_between_starts_the_count_again(floor: Floor) -> None:
    bad = "sim: tool shell.run {}"
    assert floor.done(bad, bad, comment("Good."), bad, bad, finish()).state == "done"


def test_an_empty_answer_is_incomplete_and_never_done(floor: Floor) -> None:
    task = floor.done("sim: empty")
    assert floor.outcome(task) == ("incomplete", "empty_answer", "blocked")
    assert task.blocked_reason == "needs_decision"
    assert "answered with nothing" in task.blocked_detail
    assert task.cost_nano > 0


@pytest.mark.parametrize(("finish_reason", "code"), [("length", "output_limit"), ("content_filter", "filtered")])
def test_a_cut_or_withheld_answer_is_incomplete(
    floor: Floor, provider: ScriptedServer, finish_reason: str, code: str
) -> None:
    floor.account("ollama", provider.url, "m")
    provider.will(sse({"choices": [{"delta": {"content": "Half"}, "finish_reason": finish_reason}]}, "[DONE]"))
    task = floor.done("Hello")
    assert floor.outcome(task) == ("incomplete", code, "blocked")
    assert task.result == ""


def test_words_instead_of_finish_are_the_result(floor: Floor) -> None:
    task = floor.done("sim: say The answer is 42.")
    assert (task.state, task.result) == ("done", "The answer is 42.")


def test_a_run_without_end_is_ended(floor: Floor) -> None:
    task = floor.done(*(comment(f"{n}") for n in range(planner.MAX_TURNS + 5)))
    assert floor.outcome(task) == ("failed", "turn_limit", "blocked")
    assert len(floor.comments(task)) == planner.MAX_TURNS
    assert len(floor.ledger(task)) == planner.MAX_TURNS


def test_a_prompt_beyond_the_limit_is_refused_with_the_limit(floor: Floor) -> None:
    with pytest.raises(Problem) as caught:
        floor.task("x" * 10_000_000)
    assert caught.value.errors == {"body": "at most 1,000,000 characters; put longer material into a file"}
    assert floor.db.value("SELECT COUNT(*) AS n FROM tasks") == 0


def test_nul_characters_of_a_model_are_kept_out_of_harm(floor: Floor) -> None:
    task = floor.done('sim: tool task.comment {"text": "a\\u0000b"}', write("n.md", "a\0b"), finish("x\0y"))
    assert task.state == "done"


def test_hard_text_survives(floor: Floor) -> None:
    text = "é ☃ 🦀 \u202e %s :name ' \" <b> {{ x }}"
    task = floor.done(comment(text), write("ж 🦀.md", text), finish(text))
    assert (task.state, task.result, floor.comments(task)) == ("done", text, [text])
    assert floor.files(task).text("ж 🦀.md") == text
