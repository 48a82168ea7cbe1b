"""Stopping work: at once when nobody works on it, within a second when somebody does."""

import time

import pytest

from appliance.domain import claims, endings, lifecycle, runs, waits
from appliance.domain.budgets import OverBudget
from appliance.errors import Problem
from tests.engine.floor import Floor, comment, finish, write
from tests.waiting import until

LONG = "sim: latency 30s"


def test_a_queued_run_is_cancelled_at_once(floor: Floor) -> None:
    task = floor.task(finish())
    floor.cancel(task)
    assert floor.outcome(task)[::2] == ("cancelled", "cancelled")
    floor.work()
    assert floor.ledger(task) == []


def test_a_waiting_run_is_cancelled_at_once(floor: Floor) -> None:
    task = floor.done("sim: fail 429 retry-after 60")
    assert floor.outcome(task) == ("waiting", "quota", "in_progress")
    floor.cancel(task)
    with floor.later(120):
        floor.work()
    assert floor.outcome(task)[::2] == ("cancelled", "cancelled")


def test_a_long_call_is_given_up_within_a_second(floor: Floor) -> None:
    task = floor.task(LONG, finish())
    with floor.engine():
        until(floor.reserved)
        began = time.monotonic()
        floor.cancel(task)
        until(lambda: floor.run(task).state == "cancelled", seconds=3)
        assert time.monotonic() - began < 1
    assert floor.now(task).state == "cancelled"
    assert floor.reserved() == 0
    [call] = floor.ledger(task)
    assert (call.state, call.failure_code) == ("failed", "cancelled")


def test_what_was_made_before_a_cancel_stays(floor: Floor) -> None:
    task = floor.task(write("kept.md"), finish())
    floor.die_after(2)
    floor.cancel(task)
    with floor.later(31):
        assert floor.run(task).state == "cancelled"
    assert [file.path for file in floor.files(task).files()] == ["kept.md"]
    assert [s.kind for s in floor.steps(task)] == ["note", "model", "tool"]
    assert floor.now(task).cost_nano > 0


@pytest.mark.parametrize("column", ["backlog", "todo", "cancelled"])
def test_moving_a_running_task_by_hand_ends_its_run(floor: Floor, column: str) -> None:
    task = floor.task(LONG, finish())
    with floor.engine():
        until(floor.reserved)
        lifecycle.move(floor.db, floor.actor, task.id, column)
        until(lambda: floor.run(task).state == "cancelled", seconds=3)
    assert floor.now(task).state == column
    assert floor.run(task).failure_code == ("cancelled" if column == "cancelled" else "reclaimed")


def test_a_cancelled_run_alone_puts_its_task_back(floor: Floor) -> None:
    task = floor.task(LONG, finish())
    with floor.engine():
        until(floor.reserved)
        lifecycle.cancel_run(floor.db, floor.actor, floor.run(task).id)
        until(lambda: floor.run(task).state == "cancelled", seconds=3)
    assert floor.now(task).state == "todo"
    assert lifecycle.verbs(floor.now(task)) == ["retry", "cancel"]


def test_a_cancel_in_the_last_moment_wins_over_done(floor: Floor) -> None:
    task = floor.task(finish())
    run = floor.claim()
    floor.cancel(task)
    with floor.db.transaction():
        assert endings.complete(floor.db, run, "Too late", {}) == "cancelled"
    assert floor.outcome(task) == ("cancelled", "cancelled", "cancelled")


def test_a_cancel_while_money_is_missing_wins_over_waiting(floor: Floor) -> None:
    task = floor.task(finish())
    run = floor.claim()
    floor.cancel(task)
    with floor.db.transaction():
        waits.for_budget(floor.db, run, OverBudget(1))
    assert floor.outcome(task) == ("cancelled", "cancelled", "cancelled")


def test_a_cancel_reaches_a_run_whose_worker_died(floor: Floor) -> None:
    task = floor.task(comment("One."), finish())
    floor.die_after(1)
    floor.cancel(task)
    assert floor.run(task).state == "running"
    with floor.later(31):
        assert floor.run(task).state == "cancelled"
    assert claims.claim(floor.db, "w", 30) == []


def test_cancelling_twice_is_no_event_and_done_is_kept(floor: Floor) -> None:
    task = floor.task(start=False)
    floor.cancel(task)
    seen = floor.db.value("SELECT MAX(seq) AS n FROM events")
    floor.cancel(task)
    assert floor.db.value("SELECT MAX(seq) AS n FROM events") == seen
    finished = floor.done(finish())
    with pytest.raises(Problem, match="Reopen it"):
        floor.cancel(finished)


@pytest.mark.parametrize("reason", ["mismatch", "in_doubt"])
def test_a_cancelled_run_is_not_set_aside_instead(floor: Floor, reason: str) -> None:
    """Nobody is asked about a run that a person stopped, and the task can be worked on again."""
    task = floor.task(finish())
    run = floor.claim()
    lifecycle.cancel_run(floor.db, floor.actor, run.id)
    with floor.db.transaction():
        assert not runs.park(floor.db, run, reason, "It went another way.")
    assert floor.outcome(task) == ("cancelled", "cancelled", "todo")


def test_a_second_wish_to_stop_still_lets_the_worker_end_its_programs_first(floor: Floor) -> None:
    floor.task(finish())
    run = floor.claim()
    with floor.db.transaction():
        for _ in range(2):
            runs.request_cancel(floor.db, floor.actor, run.id)
    now = runs.get(floor.db, run.id)
    assert (now.state, now.cancel_requested, now.fence) == ("running", True, run.fence)
