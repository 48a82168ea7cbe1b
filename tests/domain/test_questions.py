"""A question in four shapes: what may be asked, which answers fit, and what the asker reads."""

from collections.abc import Iterator
from typing import Any

import pytest

from appliance.db.database import Database
from appliance.domain import answers, approvals, decision_verbs, decisions, questions
from appliance.domain.approvals import Approval, Option
from appliance.domain.questions import Question
from appliance.errors import Problem
from tests.domain.asking import Desk, sit_down
from tests.world import World

FRUIT = [Option("apple", "An apple"), Option("pear", "A pear"), Option("not apple", "No apple")]
STEPS = ["Read the file", "Write the report"]
LIST = Question("Which fruit?", "checklist", options=FRUIT, least=1, most=2)
PLAN = Question("Shall I?", "plan", "In this order.", items=STEPS)


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def desk(world: World, db: Database) -> Desk:
    return sit_down(world, db)


def asked(desk: Desk, question: Question, step_key: str = "ask") -> Approval:
    with desk.db.transaction():
        return questions.ask(desk.db, desk.actor, question, **desk.run.ids, step_key=step_key)


def decided(world: World, desk: Desk, found: Approval, note: str = "", verdict: str = "answer", **given: Any) -> Any:
    decisions.decide(desk.db, world.otto.actor, found.id, verdict, note, given)
    return answers.answer(approvals.get(desk.db, found.id))


@pytest.mark.parametrize(
    ("question", "note", "given", "read"),
    [
        (Question("Colour?"), "Blue", {}, {"text": "Blue"}),
        (Question("Which?", "choice", options=FRUIT), "Ripe", {"option": "pear"}, {"option": "pear", "note": "Ripe"}),
        (LIST, "", {"options": ["pear", "apple", "pear"]}, {"options": ["apple", "pear"]}),
        (Question("Which?", "checklist", options=FRUIT), "", {}, {"options": []}),
        (PLAN, "", {}, {"plan": "confirmed", "items": STEPS}),
        (PLAN, "", {"items": [" Read  the file", "", "Write the report"]}, {"plan": "confirmed", "items": STEPS}),
        (PLAN, "Shorter", {"items": ["Read"]}, {"plan": "changed", "items": ["Read"], "note": "Shorter"}),
    ],
)
def test_the_asker_reads_an_answer_of_its_shape(
    world: World, desk: Desk, question: Question, note: str, given: dict[str, Any], read: dict[str, Any]
) -> None:
    found = asked(desk, question)
    assert answers.answer(found) == {}
    desk.waits()
    assert decided(world, desk, found, note, **given) == read
    assert desk.state() == "ready"


def test_a_plan_is_sent_back_with_words_and_any_question_may_be_declined(world: World, desk: Desk) -> None:
    plan = asked(desk, PLAN)
    with pytest.raises(Problem) as silent:
        decided(world, desk, plan, verdict="request_changes")
    assert list(silent.value.errors) == ["note"]
    assert decided(world, desk, plan, "Too long.", "request_changes") == {"plan": "sent_back", "note": "Too long."}
    ticks = asked(desk, LIST, "ticks")
    assert decided(world, desk, ticks, "No.", "reject") == {"declined": True, "note": "No."}


@pytest.mark.parametrize(
    ("question", "note", "given", "field"),
    [
        (Question("Colour?"), " ", {}, "note"),
        (Question("Colour?"), "Blue", {"options": ["blue"]}, "options"),
        (Question("Which?", "choice", options=FRUIT), "apple", {}, "option"),
        (Question("Which?", "choice", options=FRUIT), "", {"option": "an apple"}, "option"),
        (LIST, "apple", {}, "options"),
        (LIST, "", {"options": []}, "options"),
        (LIST, "", {"options": ["apple", "pear", "not apple"]}, "options"),
        (LIST, "", {"options": ["app"]}, "options"),
        (PLAN, "", {"items": [" "]}, "items"),
        (PLAN, "", {"option": "yes"}, "option"),
    ],
)
def test_an_answer_of_another_shape_is_refused_with_its_field(
    world: World, desk: Desk, question: Question, note: str, given: dict[str, Any], field: str
) -> None:
    found = asked(desk, question)
    with pytest.raises(Problem) as refused:
        decided(world, desk, found, note, **given)
    assert list(refused.value.errors) == [field]
    assert approvals.get(desk.db, found.id).state == "pending"


@pytest.mark.parametrize(
    ("question", "field"),
    [
        (Question("Which?", "choice"), "options"),
        (Question("Which?", options=FRUIT), "options"),
        (Question("Which?", "choice", options=[*FRUIT, FRUIT[0]]), "options"),
        (Question("Shall I?", "plan"), "items"),
        (Question("Shall I?", "plan", items=["two\nlines"]), "items"),
        (Question("Shall I?", "plan", items=STEPS, default="yes"), "default"),
        (Question("Which?", "checklist", options=FRUIT, least=3, most=2), "least"),
        (Question("Colour?", least=1), "least"),
        (Question("Which?", "choice", options=FRUIT, default="banana"), "on_expiry"),
    ],
)
def test_a_question_that_cannot_be_answered_is_not_asked(desk: Desk, question: Question, field: str) -> None:
    with pytest.raises(Problem) as refused:
        asked(desk, question)
    assert list(refused.value.errors) == [field]


def test_the_digest_binds_the_whole_question(desk: Desk) -> None:
    first = asked(desk, LIST)
    assert asked(desk, LIST).id == first.id
    other = asked(desk, Question("Which fruit?", "checklist", options=FRUIT[:2], least=1, most=2))
    assert approvals.get(desk.db, first.id).superseded_by == other.id


def test_the_same_answer_twice_counts_once_and_another_is_refused(world: World, desk: Desk) -> None:
    found = asked(desk, LIST)
    assert decided(world, desk, found, options=["pear", "apple"]) == {"options": ["apple", "pear"]}
    assert decided(world, desk, found, options=["apple", "pear"]) == {"options": ["apple", "pear"]}
    with pytest.raises(Problem, match="Already decided by Otto"):
        decided(world, desk, found, options=["apple"])
    assert desk.told() == ["requested", "answered"]


def test_silence_is_told_and_a_default_is_an_answer(desk: Desk) -> None:
    late = asked(desk, Question("Colour?", expires_s=60), "late")
    soft = asked(desk, Question("Which?", "choice", options=FRUIT, default="pear", expires_s=60), "soft")
    desk.later(61)
    assert approvals.sweep(desk.db) == 2
    assert answers.answer(approvals.get(desk.db, late.id)) == {"expired": True}
    assert answers.answer(approvals.get(desk.db, soft.id)) == {"option": "pear"}


def test_buttons_are_those_of_the_shape(desk: Desk) -> None:
    def labels(question: Question, key: str) -> list[str]:
        return [verb.label for verb in decision_verbs.verbs(asked(desk, question, key))]

    assert labels(Question("Which?", "choice", options=FRUIT[:1]), "a") == ["An apple", "Decline to answer"]
    assert labels(LIST, "b") == ["Answer", "Decline to answer"]
    assert labels(PLAN, "c") == ["Confirm the plan", "Send it back", "Decline to answer"]
