"""The server judges the checks before a task is done; the agent's word is not enough."""

import pytest

from appliance.domain import checks, lifecycle
from appliance.domain.checks import NewCheck
from appliance.domain.tasks import Task
from tests.engine.floor import Floor, comment, finish, write


def check(kind: str, **spec: object) -> NewCheck:
    return NewCheck(kind, dict(spec))


def states(floor: Floor, task: Task) -> list[str]:
    return [found.state for found in checks.of_task(floor.db, task.id)]


@pytest.mark.parametrize(
    ("judged", "good", "bad"),
    [
        (check("contains", text="42"), "It is 42.", "It is 41."),
        (check("not_contains", text="sorry"), "Here it is.", "I am sorry."),
        (check("regex", pattern=r"^\d{4}-\d\d$"), "2026-11", "November"),
        (check("json_schema", schema={"type": "object", "required": ["a"]}), '{"a": 1}', '{"b": 1}'),
        (check("json_schema", schema={"type": "object"}), "{}", "not json"),
    ],
)
def test_a_result_is_judged(floor: Floor, judged: NewCheck, good: str, bad: str) -> None:
    task = floor.done(finish(bad), finish(good), checks=[judged])
    assert (task.state, task.result) == ("done", good)
    assert floor.said(task)[0].startswith("error: these checks fail: ")
    assert floor.said(task)[1] == "accepted, the task is done"
    assert states(floor, task) == ["pass"]


@pytest.mark.parametrize(
    "judged",
    [
        check("file_exists", path="out/report.md"),
        check("contains", text="Total", file="out/report.md"),
        check("regex", pattern="^Total: [0-9]+$", file="out/report.md"),
    ],
)
def test_a_file_is_judged(floor: Floor, judged: NewCheck) -> None:
    task = floor.done(finish(), write("out/report.md", "Sum\nTotal: 7\n"), finish(), checks=[judged])
    assert task.state == "done"
    assert "out/report.md does not exist" in floor.said(task)[0]


def test_every_failing_check_is_told_at_once(floor: Floor) -> None:
    wanted = [check("contains", text="red"), check("contains", text="blue"), check("contains", text="ok")]
    task = floor.done(finish("ok"), finish("ok red blue"), checks=wanted)
    told = floor.said(task)[0]
    assert "red" in told and "blue" in told and "“ok”" not in told


def test_three_failed_judgements_block_the_task_and_name_the_check(floor: Floor) -> None:
    wanted = [check("contains", text="never")]
    task = floor.done(finish("1"), finish("2"), finish("3"), finish("never"), checks=wanted)
    assert floor.outcome(task) == ("failed", "checks_failed", "blocked")
    assert task.blocked_reason == "needs_decision"
    assert "contains “never”" in task.blocked_detail
    assert states(floor, task) == ["fail"]
    assert task.result == ""


def test_words_that_fail_a_check_are_told_to_the_model_too(floor: Floor) -> None:
    task = floor.done("sim: say Too short.", finish("Long enough"), checks=[check("contains", text="enough")])
    assert task.state == "done"


def test_words_that_fail_a_check_three_times_block(floor: Floor) -> None:
    wanted = [check("contains", text="never")]
    task = floor.done("sim: say a", "sim: say b", "sim: say c", "sim: say d", checks=wanted)
    assert floor.outcome(task) == ("failed", "checks_failed", "blocked")
    assert [call.state for call in floor.ledger(task)] == ["ok"] * 3


def test_replayed_words_are_not_judged_by_what_came_later(floor: Floor) -> None:
    wanted = [check("file_exists", path="a.md")]
    task = floor.task("sim: say Early.", write("a.md"), comment("Between."), finish("Late."), checks=wanted)
    floor.die_after(5)
    floor.take_back()
    floor.work()
    assert (floor.now(task).state, floor.now(task).result) == ("done", "Late.")
    assert floor.comments(task) == ["Between."]


def test_a_person_accepts_what_only_a_person_can_judge(floor: Floor) -> None:
    wanted = [check("human_ack", question="Is the tone right?"), check("contains", text="Dear")]
    task = floor.done(finish("Dear customer"), checks=wanted)
    assert (task.state, floor.run(task).state, states(floor, task)) == ("in_review", "succeeded", ["open", "pass"])
    assert "Is the tone right?" in task.blocked_detail
    done = lifecycle.approve(floor.db, floor.actor, task.id, "Good")
    assert (done.state, states(floor, done), done.blocked_detail) == ("done", ["pass", "pass"], "")


def test_a_review_that_is_not_accepted_goes_back_to_the_agent(floor: Floor) -> None:
    task = floor.done(finish("Dear"), checks=[check("human_ack")])
    lifecycle.retry(floor.db, floor.actor, task.id)
    floor.work()
    assert (floor.now(task).state, floor.run(task).attempt) == ("in_review", 2)


def test_the_checks_are_in_the_brief(floor: Floor) -> None:
    task = floor.done(finish("7"), checks=[check("contains", text="7"), check("file_exists", path="x.md")])
    brief = floor.db.value("SELECT content FROM messages WHERE role = 'user' AND run_id = :id", {"id": task.run_id})
    assert "- the result contains “7”\n- file x.md exists" in brief
