"""task.ask: a person or the manager is asked once, and the run goes on with the answer."""

from typing import Any

import pytest

from appliance.domain import (
    approvals,
    decisions,
    guards,
)
from appliance.domain.guards import GuardsChange
from tests.engine.floor import Floor, comment, finish, tool
from tests.engine.leading import WAIT, after_a_death, children, delegate, staffed


@pytest.fixture
def floor(floor: Floor) -> Floor:
    return staffed(floor)


@pytest.mark.parametrize(
    ("asked", "verdict", "note", "given", "answer"),
    [
        ({}, "answer", "On Friday.", {}, '{"text":"On Friday."}'),
        ({"choices": ["red", "blue"]}, "answer", "", {"option": "blue"}, '{"option":"blue"}'),
        ({"checklist": ["a", "b", "c"]}, "answer", "", {"options": ["c", "a"]}, '{"options":["a","c"]}'),
        ({"plan": ["one", "two"]}, "answer", "", {}, '{"plan":"confirmed","items":["one","two"]}'),
    ],
)
def test_a_person_is_asked_and_the_run_gets_the_typed_answer(
    floor: Floor, asked: dict[str, Any], verdict: str, note: str, given: dict[str, Any], answer: str
) -> None:
    task = floor.done(tool("task.ask", question="Which?", **asked), finish())
    assert floor.outcome(task) == ("waiting", "approval", "blocked")
    [question] = approvals.of_task(floor.db, task.id, "pending")
    decisions.decide(floor.db, floor.world.otto.actor, question.id, verdict, note, given)
    floor.work()
    assert floor.said(task)[0] == f"Otto answered: {answer}"
    assert floor.now(task).state == "done"


def test_the_manager_is_asked_first_and_answers_by_its_result(floor: Floor) -> None:
    """Ada waits for Ben while Ben waits for an answer of hers: neither holds the other up."""
    ask = tool("task.ask", question="Which colour?", detail=finish("Blue."))
    task = floor.task(delegate("ben", "Paint", ask, finish("Painted.")), WAIT, finish("Over."))
    floor.work()
    [child] = children(floor, task)
    [question] = children(floor, child)
    assert (question.agent_slug, question.title, question.state) == ("ada", "Question from Ben: Which colour?", "done")
    assert floor.said(child)[0] == "Ada answered: Blue."
    assert (floor.now(task).state, child.handed_why) == ("done", "")


@pytest.mark.parametrize("deaths", range(1, 9))
def test_a_kill_while_asking_asks_nobody_twice(floor: Floor, deaths: int) -> None:
    task = floor.task(tool("task.ask", question="Which?", detail=finish("This.")), finish(), assignee="ben")
    after_a_death(floor, deaths)
    assert [child.agent_slug for child in children(floor, task)] == ["ada"]
    assert floor.now(task).state == "done"


def test_a_question_that_can_not_be_asked_is_answered_with_why(floor: Floor) -> None:
    guards.change(floor.db, floor.actor, GuardsChange(task_children=1))
    first = tool("task.create", title="Mine")
    task = floor.task(first, tool("task.ask", question="Which?"), comment("Go on."), assignee="ben")
    after_a_death(floor, 5)
    assert floor.said(task)[1] == "error: Agents split a task into at most 1, and this one has as many. Go on here."
    assert floor.comments(task) == ["Go on."]
