"""A tenant put back from a backup: what may have happened in the lost hours is looked up or asked about (ENGINE §8)."""

from pathlib import Path

import pytest

from appliance.domain import approvals, decisions, restored, runs
from appliance.domain.approvals import Ask
from appliance.engine import effects
from appliance.engine.effects import Act
from appliance.engine.work import Work
from tests.engine.floor import Floor, finish
from tests.engine.programs import World, program

ASK = Ask("action", "Pay", payload={"tool": "pay", "arguments": {}, "target": "shop"})


@pytest.fixture
def outside(tmp_path: Path) -> World:
    return World(tmp_path / "outside")


def agreed(work: Work, outside: World) -> str:
    act: Act[str] = Act(
        "step", "pay", "once", {}, outside.change, lambda value: ({"value": value}, []),
        lambda step: str(step.result["value"]), ask=ASK, declined=lambda _: "declined",
    )  # fmt: skip
    return effects.perform(work.journal, act)


def test_leases_are_void_and_reservations_settled(floor: Floor) -> None:
    task = floor.task(finish())
    floor.claim("before")
    assert restored.after_restore(floor.db) == restored.Restored(1, 1, 0)
    assert floor.run(task).state == "ready"
    assert restored.after_restore(floor.db).epoch == 2
    floor.work()
    assert floor.outcome(task) == ("succeeded", "", "done")


def test_two_restores_warn_once(floor: Floor, outside: World) -> None:
    with program(floor, lambda work: agreed(work, outside)) as made:
        task = made.done()
        restored.after_restore(floor.db)
        restored.after_restore(floor.db)
        [asked] = approvals.of_run(floor.db, floor.run(task).id)
        assert asked.detail.count(restored.NOTICE) == 1


def test_a_timer_waits_on(floor: Floor) -> None:
    with program(floor, lambda work: work.sleep("nap", 60) or "rested") as made:
        task = made.done()
        restored.after_restore(floor.db)
        floor.work()
        assert floor.run(task).reason == "timer"
        with floor.later(61):
            floor.work()
        assert floor.now(task).result == "rested"


def test_what_was_agreed_and_not_used_is_asked_for_again_with_a_warning(floor: Floor, outside: World) -> None:
    with program(floor, lambda work: agreed(work, outside)) as made:
        task = made.done()
        [asked] = approvals.of_run(floor.db, floor.run(task).id)
        decisions.decide(floor.db, floor.actor, asked.id, "approve")
        assert restored.after_restore(floor.db).asked_again == 1
        floor.work()
        assert (floor.run(task).state, outside.changes) == ("waiting", [])
        found = approvals.get(floor.db, asked.id)
        assert (found.state, found.decided_by) == ("pending", None)
        assert found.detail.startswith(restored.NOTICE)
        decisions.decide(floor.db, floor.actor, asked.id, "approve")
        floor.work()
        assert (floor.run(task).state, len(outside.changes)) == ("succeeded", 1)


def test_a_question_that_the_backup_does_not_know_is_asked_with_the_warning(floor: Floor, outside: World) -> None:
    with program(floor, lambda work: agreed(work, outside)) as made:
        task = made.task()
        restored.after_restore(floor.db)
        floor.work()
        assert approvals.of_run(floor.db, floor.run(task).id)[0].detail.startswith(restored.NOTICE)


def test_a_once_effect_that_nobody_has_to_agree_to_is_left_to_a_person(floor: Floor, outside: World) -> None:
    with program(floor, lambda work: work.step("pay", outside.change, effect="once")) as made:
        task = made.task()
        restored.after_restore(floor.db)
        floor.work()
        assert (floor.outcome(task)[:2], outside.changes) == (("parked", "in_doubt"), [])


def test_a_checkable_effect_is_looked_up_first(floor: Floor, outside: World) -> None:
    def find(key: str) -> str | None:
        return "found" if key in outside.changes else None

    with program(floor, lambda work: work.step("pay", outside.change, None, "checkable", find)) as made:
        task = made.task()
        outside.change(f"{floor.run(task).id}:pay")
        restored.after_restore(floor.db)
        floor.work()
        assert (floor.now(task).result, len(outside.changes)) == ("found", 1)


def test_a_run_that_began_after_the_restore_is_like_any_other(floor: Floor, outside: World) -> None:
    restored.after_restore(floor.db)
    with program(floor, lambda work: work.step("pay", outside.change, effect="once")) as made:
        task = made.done()
    assert not restored.before(floor.db, runs.get(floor.db, floor.run(task).id))
    assert (floor.outcome(task)[0], len(outside.changes)) == ("succeeded", 1)
