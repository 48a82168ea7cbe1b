"""What a crash between the doing and the record means, for each class of effect."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.domain import approvals, claims, comments, decisions
from appliance.domain.approvals import Approval, Ask
from appliance.domain.tasks import Task
from appliance.engine import effects
from appliance.engine.effects import Act
from appliance.engine.work import Work
from appliance.errors import Problem
from tests.engine.floor import Dead, Floor
from tests.engine.programs import Program, World, program, states


class Effect:
    """A program of one step of some class whose worker dies after doing it, the first `deaths` times."""

    def __init__(self, floor: Floor, path: Path) -> None:
        self.floor = floor
        self.world = World(path / "world")
        self.effect = "once"
        self.deaths = 1
        self.keys: list[str] = []
        self.ask: Ask | None = None

    def asked(self) -> Act[str]:
        return Act(
            "step", "pay", "once", {"amount": 5}, self.do, lambda value: ({"value": value}, []),
            lambda step: str(step.result["value"]), ask=self.ask, declined=lambda _: "declined",
        )  # fmt: skip

    def __call__(self, work: Work) -> str:
        if self.ask:
            return effects.perform(work.journal, self.asked())
        return work.step("pay", self.do, {"amount": 5}, self.effect, self.find)

    def do(self, key: str) -> str:
        self.keys.append(key)
        said = self.world.change(key)
        if self.deaths:
            self.deaths -= 1
            raise Dead
        return said

    def find(self, key: str) -> str | None:
        return f"found {key}" if key in self.world.changes else None


@pytest.fixture
def effect(floor: Floor, tmp_path: Path) -> Effect:
    return Effect(floor, tmp_path)


@pytest.fixture
def paying(floor: Floor, effect: Effect) -> Iterator[Program]:
    with program(floor, effect) as made:
        yield made


def in_doubt(floor: Floor, paying: Program) -> tuple[Task, Approval]:
    task = paying.task()
    paying.killed(task)
    floor.work()
    [asked] = approvals.of_run(floor.db, floor.run(task).id)
    return task, asked


@pytest.mark.parametrize("kind", ["idempotent", "keyed"])
def test_an_effect_that_may_be_repeated_is_repeated_under_the_same_key(
    floor: Floor, effect: Effect, paying: Program, kind: str
) -> None:
    effect.effect = kind
    task = paying.task()
    paying.killed(task)
    floor.work()
    assert floor.outcome(task) == ("succeeded", "", "done")
    assert len(effect.world.changes) == 2
    assert len(set(effect.world.changes)) == 1


def test_a_checkable_effect_is_looked_up_instead_of_repeated(floor: Floor, effect: Effect, paying: Program) -> None:
    effect.effect = "checkable"
    task = paying.task()
    paying.killed(task)
    floor.work()
    assert floor.now(task).result.startswith("found ")
    assert len(effect.world.changes) == 1


def test_a_checkable_effect_that_did_not_happen_is_done(floor: Floor, effect: Effect, paying: Program) -> None:
    effect.effect = "checkable"
    task = paying.task()
    paying.killed(task)
    effect.world._path.write_text("")
    floor.work()
    assert floor.now(task).result.startswith("changed ")
    assert len(effect.world.changes) == 1


def test_the_intent_of_a_once_effect_is_on_the_disk_before_it_begins(floor: Floor, paying: Program) -> None:
    task = paying.task()
    paying.killed(task)
    assert states(floor.steps(task)) == [("pay", "intent")]


def test_a_once_effect_of_unknown_outcome_is_left_to_a_person(floor: Floor, effect: Effect, paying: Program) -> None:
    task, asked = in_doubt(floor, paying)
    assert floor.outcome(task) == ("parked", "in_doubt", "blocked")
    assert len(effect.world.changes) == 1
    assert (asked.kind, asked.state, asked.step_key) == ("in_doubt", "pending", "pay")
    assert asked.payload["input"] == {"amount": 5}
    assert "may already have" in asked.title


def test_what_a_person_confirms_is_not_done_again(floor: Floor, effect: Effect, paying: Program) -> None:
    task, asked = in_doubt(floor, paying)
    decisions.decide(floor.db, floor.actor, asked.id, "approve", "It was paid.", {"option": "done"})
    floor.work()
    assert floor.outcome(task) == ("succeeded", "", "done")
    assert len(effect.world.changes) == 1
    assert states(floor.steps(task)) == [("pay", "done")]


def test_what_a_person_lets_run_again_runs_once_more(floor: Floor, effect: Effect, paying: Program) -> None:
    task, asked = in_doubt(floor, paying)
    decisions.decide(floor.db, floor.actor, asked.id, "approve", "", {"option": "again"})
    floor.work()
    assert floor.outcome(task) == ("succeeded", "", "done")
    assert len(effect.world.changes) == 2
    assert floor.steps(task)[0].attempts == 2


def test_an_approved_effect_that_may_run_again_is_not_taken_for_declined(
    floor: Floor, effect: Effect, paying: Program
) -> None:
    effect.ask = Ask("action", "Pay", payload={"tool": "pay", "arguments": {"amount": 5}, "target": "shop"})
    task = paying.task()
    floor.work()
    [agreed] = approvals.of_run(floor.db, floor.run(task).id)
    decisions.decide(floor.db, floor.actor, agreed.id, "approve")
    paying.killed(task)
    floor.work()
    [asked] = [one for one in approvals.of_run(floor.db, floor.run(task).id) if one.kind == "in_doubt"]
    decisions.decide(floor.db, floor.actor, asked.id, "approve", "", {"option": "again"})
    floor.work()
    assert floor.outcome(task) == ("succeeded", "", "done")
    assert (len(effect.world.changes), floor.run(task).state) == (2, "succeeded")
    assert approvals.get(floor.db, agreed.id).state == "consumed"


def test_a_second_crash_asks_a_second_time(floor: Floor, effect: Effect, paying: Program) -> None:
    effect.deaths = 2
    task, asked = in_doubt(floor, paying)
    decisions.decide(floor.db, floor.actor, asked.id, "approve", "", {"option": "again"})
    paying.killed(task)
    floor.work()
    assert floor.outcome(task) == ("parked", "in_doubt", "blocked")
    assert [one.state for one in approvals.of_run(floor.db, floor.run(task).id)] == ["pending", "consumed"]


def test_a_person_may_end_the_run_instead(floor: Floor, paying: Program) -> None:
    task, asked = in_doubt(floor, paying)
    decisions.decide(floor.db, floor.actor, asked.id, "reject")
    assert floor.outcome(task) == ("cancelled", "cancelled", "blocked")


def test_deciding_twice_in_two_tabs_runs_it_once(floor: Floor, effect: Effect, paying: Program) -> None:
    task, asked = in_doubt(floor, paying)
    for _ in range(2):
        decisions.decide(floor.db, floor.actor, asked.id, "approve", "", {"option": "again"})
    with pytest.raises(Problem, match="Already decided"):
        decisions.decide(floor.db, floor.actor, asked.id, "approve", "", {"option": "done"})
    floor.work()
    assert len(effect.world.changes) == 2


def test_an_effect_in_the_database_commits_with_its_step_or_not_at_all(floor: Floor) -> None:
    deaths = [True]

    def act(work: Work) -> str:
        return work.step("note", lambda key: _comment(floor, work, deaths), None, "tx")

    with program(floor, act) as made:
        task = made.task()
        made.killed(task)
        assert floor.comments(task) == []
        floor.work()
    assert floor.comments(task) == ["Noted."]
    assert floor.outcome(task) == ("succeeded", "", "done")


def _comment(floor: Floor, work: Work, deaths: list[bool]) -> str:
    comments.add(work.journal.db, floor.actor, work.journal.run.task_id, "Noted.")
    if deaths.pop() if deaths else False:
        raise Dead
    return "noted"


def test_beginning_the_same_effect_again_is_no_progress(floor: Floor, paying: Program, effect: Effect) -> None:
    """One that kills every worker before it happens is set aside like any other deadly step."""
    effect.effect, effect.deaths = "checkable", 99
    effect.find = lambda key: None  # type: ignore[method-assign]
    task = paying.task()
    for _ in range(claims.MAX_WITHOUT_PROGRESS):
        paying.killed(task)
    # The first intent was progress, so the death after it counts as none.
    while floor.run(task).state == "ready" and len(effect.keys) < 9:
        paying.killed(task)
    assert floor.outcome(task) == ("parked", "poison", "blocked")
