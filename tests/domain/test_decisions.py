"""Who may decide, what a verdict does, and what happens when two do."""

from collections.abc import Iterator
from typing import Any

import pytest

from appliance.db.database import Database
from appliance.domain import approvals, decisions, lifecycle, tasks
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval, Option
from appliance.domain.key_forms import ApiKey
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.domain.asking import Desk, payload, sit_down
from tests.world import World

MORE = [Option("raise", "Raise the limit", asks="New limit"), Option("once", "Allow once")]


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    with world.db() as db:
        yield db


@pytest.fixture
def desk(world: World, db: Database) -> Desk:
    return sit_down(world, db)


def refused(desk: Desk, actor: Actor, asked: Approval, verdict: str = "approve", **more: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        decisions.decide(desk.db, actor, asked.id, verdict, **more)
    return caught.value


@pytest.mark.parametrize(
    ("verdict", "state"),
    [("approve", "approved"), ("reject", "rejected"), ("request_changes", "changes_requested")],
)
def test_every_verdict_wakes_the_run(world: World, desk: Desk, verdict: str, state: str) -> None:
    asked = desk.ask()
    desk.waits()
    decided = decisions.decide(desk.db, world.otto.actor, asked.id, verdict, " Because. ")
    assert (decided.state, decided.verdict, decided.note) == (state, verdict, "Because.")
    assert (decided.decided_by, decided.decided_name, desk.state()) == (world.otto.actor.label, "Otto", "ready")
    assert desk.told() == ["requested", state]


def test_a_run_that_waits_for_something_else_waits_on(world: World, desk: Desk) -> None:
    asked = desk.ask()
    desk.waits("quota")
    decisions.decide(desk.db, world.otto.actor, asked.id, "approve")
    assert desk.state() == "waiting"


def test_repeating_a_verdict_changes_nothing(world: World, desk: Desk) -> None:
    asked = desk.ask()
    first = decisions.decide(desk.db, world.otto.actor, asked.id, "approve")
    assert decisions.decide(desk.db, world.alice.actor, asked.id, "approve") == first
    assert desk.told() == ["requested", "approved"]


def test_another_verdict_afterwards_names_who_decided(world: World, desk: Desk) -> None:
    asked = desk.ask()
    decisions.decide(desk.db, world.otto.actor, asked.id, "approve")
    problem = refused(desk, world.alice.actor, asked, "reject")
    assert (problem.code, problem.detail) == ("conflict", "Already decided by Otto: approved.")
    assert approvals.get(desk.db, asked.id).state == "approved"


def test_nobody_decides_what_they_asked_for(world: World, desk: Desk) -> None:
    asked = Desk(desk.db, desk.task, desk.run, world.otto.actor).ask()
    assert refused(desk, world.otto.actor, asked).code == "forbidden"
    assert decisions.decide(desk.db, world.alice.actor, asked.id, "approve").state == "approved"


def test_agents_and_their_keys_decide_nothing(world: World, desk: Desk) -> None:
    asked = desk.ask()
    other = Actor("agent", "other", "Other", "owner")
    fields = {"hint": "", "gateway_only": False, "budget_nano": None, "created_by": "", "created_at": ""}
    times = {"expires_at": None, "used_at": None, "revoked_at": None}
    key = ApiKey("k", world.acme.id, "Mara's", role="owner", agent_id=desk.run.agent_id, **fields, **times)  # type: ignore[arg-type]
    for actor in (desk.actor, other, key.actor):
        assert refused(desk, actor, asked).code == "forbidden"


def test_viewers_decide_nothing_and_money_needs_an_admin(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(desk, world.bob.actor, desk.ask()).code == "forbidden"
    money = desk.ask("budget", title="The budget is used up", options=MORE)
    monkeypatch.setitem(decisions.VERDICTS, "budget", lambda *args: None)
    assert "needs the role admin" in refused(desk, world.otto.actor, money, given={"option": "once"}).detail
    assert decisions.decide(desk.db, world.alice.actor, money.id, "approve", given={"option": "once"}).decided_by


def test_a_kind_with_an_effect_acts_in_the_same_transaction(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []

    def act(db: Database, actor: Actor, found: Approval, verdict: str, given: dict[str, Any]) -> None:
        assert db.in_transaction
        done.append((found.state, verdict, given))
        if verdict == "reject":
            raise Problem("conflict", "Not now.")

    monkeypatch.setitem(decisions.VERDICTS, "budget", act)
    asked = desk.ask("budget", title="The budget is used up", options=MORE)
    assert refused(desk, world.alice.actor, asked, "reject").detail == "Not now."
    assert approvals.get(desk.db, asked.id).state == "pending"
    given = {"option": "raise", "amount_usd": "5"}
    assert decisions.decide(desk.db, world.alice.actor, asked.id, "approve", given=given).state == "consumed"
    assert done == [("rejected", "reject", {}), ("approved", "approve", given)]
    assert desk.ask("budget", title="The budget is used up", options=MORE).id != asked.id


@pytest.mark.parametrize(
    ("kind", "verdict", "more", "field"),
    [
        ("action", "answer", {}, "verdict"),
        ("action", "APPROVED", {}, "verdict"),
        ("action", "request_changes", {"note": " "}, "note"),
        ("action", "approve", {"given": {"option": "x"}}, "option"),
        ("action", "reject", {"note": "x" * 4001}, "note"),
        ("question", "approve", {}, "verdict"),
        ("question", "answer", {}, "note"),
        ("budget", "approve", {}, "option"),
        ("budget", "approve", {"given": {"option": "raise"}}, "amount_usd"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(
    world: World, desk: Desk, kind: str, verdict: str, more: dict[str, Any], field: str
) -> None:
    asked = desk.ask(kind, options=MORE if kind == "budget" else [])
    assert list(refused(desk, world.alice.actor, asked, verdict, **more).errors) == [field]


def test_mistake_31_words_in_a_note_decide_nothing(world: World, desk: Desk) -> None:
    asked = desk.ask()
    assert decisions.decide(desk.db, world.otto.actor, asked.id, "reject", "APPROVED? No.").state == "rejected"
    options = [Option("approved", "Yes"), Option("not approved", "No")]
    question = desk.ask("question", "ask", title="Ship it?", options=options)
    assert refused(desk, world.otto.actor, question, "answer", note="approved").code == "invalid"
    given = {"option": "not approved"}
    answered = decisions.decide(desk.db, world.otto.actor, question.id, "answer", "approved", given)
    assert answered.answer == "not approved"


def test_an_answer_in_words_is_kept_as_said(world: World, desk: Desk) -> None:
    asked = desk.ask("question", title="What colour?")
    decisions.decide(desk.db, world.otto.actor, asked.id, "answer", "Blue")
    assert approvals.get(desk.db, asked.id).answer == "Blue"
    assert refused(desk, world.otto.actor, asked, "answer", note="Red").code == "conflict"
    assert desk.told() == ["requested", "answered"]


def test_a_task_with_an_open_decision_is_not_done(world: World, desk: Desk) -> None:
    task = tasks.create(desk.db, world.alice.actor, NewTask("Ship"))
    with desk.db.transaction():
        ask = approvals.Ask("action", "Publish it", payload=payload())
        approvals.ask(desk.db, desk.actor, ask, task_id=task.id)
    with pytest.raises(Problem, match="A decision is open: Publish it"):
        lifecycle.move(desk.db, world.alice.actor, task.id, "done")
    lifecycle.cancel(desk.db, world.alice.actor, task.id)
    assert [one.state for one in approvals.of_task(desk.db, task.id)] == ["withdrawn"]
