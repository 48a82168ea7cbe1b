"""What a time does while the work of an earlier one has not ended, by policy."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from appliance.domain import claims, lifecycle, runs, standing
from appliance.domain.checks import NewCheck
from appliance.domain.schedules import verbs
from appliance.domain.schedules.forms import StartTask
from tests.domain.scheduling import Calendar

HOURS = ("13", "14", "15", "16")


@contextmanager
def over(calendar: Calendar, *hours: str) -> Iterator[None]:
    """The times of these hours come; the clock stands at the last."""
    for hour in hours[:-1]:
        with calendar.at(f"2027-01-04T{hour}:00:00Z"):
            pass
    with calendar.at(f"2027-01-04T{hours[-1]}:00:00Z"):
        yield


@pytest.mark.parametrize(
    ("policy", "states", "made"),
    [
        ("skip", ["started", "skipped", "skipped", "skipped"], 1),
        ("buffer_one", ["started", "buffered", "skipped", "skipped"], 1),
        ("buffer_all", ["started", "buffered", "buffered", "buffered"], 1),
        ("cancel_other", ["cancelled", "skipped", "skipped", "buffered"], 1),
        ("terminate_other", ["cancelled", "cancelled", "cancelled", "started"], 4),
        ("allow_all", ["started", "started", "started", "started"], 4),
    ],
)
def test_overlap_policies_while_the_first_is_at_work(
    calendar: Calendar, policy: str, states: list[str], made: int
) -> None:
    found = calendar.add(overlap=policy, assignee="ada")
    with over(calendar, "13"):
        run = calendar.office.begin()
    with over(calendar, *HOURS[1:]):
        assert len(calendar.tasks()) == made
        if policy == "cancel_other":
            # Asked to stop, it goes on to the next check of its fence.
            assert runs.get(calendar.db, run.id).cancel_requested
            with calendar.db.transaction():
                runs.end(calendar.db, run, "cancelled", "cancelled")
            assert calendar.states(found)[-1] == "buffered"
            calendar.tick()
            states = [*states[:-1], "started"]
        assert calendar.states(found) == states


@pytest.mark.parametrize(("policy", "ran"), [("skip", 2), ("buffer_one", 3), ("buffer_all", 5)])
def test_what_waited_runs_in_its_order_when_the_one_before_has_ended(calendar: Calendar, policy: str, ran: int) -> None:
    found = calendar.add(overlap=policy)
    with over(calendar, *HOURS):
        while started := [tick for tick in calendar.ticks(found) if tick.state == "started"]:
            assert len(started) == 1
            calendar.end(started[0])
            calendar.tick()
    with over(calendar, "17"):
        assert sum(tick.task_id is not None for tick in calendar.ticks(found)) == ran
    numbers = [tick.task_number for tick in calendar.ticks(found) if tick.task_number]
    assert numbers == sorted(numbers)


def test_overlap_skip_says_what_it_is_held_up_by(calendar: Calendar) -> None:
    found = calendar.add(assignee="ada")
    with over(calendar, "13"):
        waits_for_money(calendar)
    with over(calendar, "14"):
        assert calendar.ticks(found)[-1].detail == "#1 (blocked) has not ended."


def waits_for_money(calendar: Calendar) -> None:
    """The run that is next stops until a person raises its budget."""
    run = calendar.office.begin()
    with calendar.db.transaction():
        runs.wait(calendar.db, run, "budget", None, "No money.")
        standing.block(calendar.db, run.task_id, "budget", "No money.", run.id)


@pytest.mark.parametrize("policy", ["skip", "buffer_one", "buffer_all"])
def test_a_failure_does_not_keep_the_next_time_from_starting(calendar: Calendar, policy: str) -> None:
    """Otherwise one bad day would end a daily schedule for good, and it would never count as failing in a row."""
    found = calendar.add(assignee="ada", overlap=policy, pause_after=3)
    for hour in ("13", "14", "15", "16"):
        with over(calendar, hour):
            if calendar.states(found)[-1] == "started":
                calendar.office.fail(calendar.office.begin(), "transient")
                calendar.tick()
    assert calendar.states(found) == ["failed", "failed", "failed"]
    assert calendar.now(found).state == "paused"


def test_work_that_waits_to_be_looked_at_does_not_keep_the_next_time_from_starting(calendar: Calendar) -> None:
    task = StartTask("Look", assignee="ada", checks=[NewCheck("human_ack", {"note": "Read it"})])
    found = calendar.add(task=task)
    with over(calendar, "13"):
        assert calendar.office.complete(calendar.office.begin()) == "in_review"
    with over(calendar, "14"):
        assert [one.state for one in calendar.tasks()] == ["in_review", "todo"]
    with over(calendar, "15"):
        assert calendar.ticks(found)[-1].detail == "#2 has not ended."
        lifecycle.approve(calendar.db, calendar.person, calendar.tasks()[0].id)
        calendar.tick()
    assert calendar.states(found) == ["succeeded", "started", "skipped"]


def test_work_in_review_whose_sub_tasks_go_on_is_at_work(calendar: Calendar) -> None:
    found = calendar.add(assignee="ada")
    with over(calendar, "13"):
        run = calendar.office.begin()
        calendar.office.task("Part", parent_id=run.task_id, assignee="ben")
        assert calendar.office.complete(run) == "in_review"
    with over(calendar, "14"):
        assert calendar.states(found) == ["started", "skipped"]


def test_overlap_buffer_one_is_held_back_by_what_waits_already(calendar: Calendar) -> None:
    found = calendar.add(overlap="buffer_one")
    with over(calendar, "13", "14", "15"):
        assert calendar.ticks(found)[-1].code == "overlap"


def test_overlap_terminate_other_takes_the_work_from_whoever_has_it(calendar: Calendar) -> None:
    found = calendar.add(overlap="terminate_other", assignee="ada")
    with over(calendar, "13"):
        run = calendar.office.begin()
    with over(calendar, "14"):
        now = runs.get(calendar.db, run.id)
        assert (now.state, now.fence) == ("cancelled", run.fence + 1)
        assert [task.state for task in calendar.tasks()] == ["cancelled", "todo"]
        with pytest.raises(runs.FenceLost), calendar.db.transaction():
            runs.end(calendar.db, run, "succeeded")
        assert len(claims.claim(calendar.db, "w", 30)) == 1
    assert calendar.states(found) == ["cancelled", "started"]


def test_overlap_counts_a_manual_run_too(calendar: Calendar) -> None:
    found = calendar.add()
    tick = verbs.run_now(calendar.db, calendar.person, found.id)
    with calendar.at("2027-01-04T12:00:01Z"):
        assert verbs.run_now(calendar.db, calendar.person, found.id).state == "skipped"
    with over(calendar, "13"):
        assert calendar.states(found) == ["started", "skipped", "skipped"]
        calendar.end(tick)
    with over(calendar, "14"):
        assert calendar.states(found)[-1] == "started"


def test_what_waits_its_turn_waits_on_while_the_schedule_is_paused(calendar: Calendar) -> None:
    found = calendar.add(overlap="buffer_all")
    with over(calendar, "13", "14"):
        verbs.pause(calendar.db, calendar.person, found.id)
        calendar.end(calendar.ticks(found)[0])
        calendar.tick()
        assert calendar.states(found) == ["succeeded", "buffered"]
        verbs.resume(calendar.db, calendar.person, found.id)
        calendar.tick()
        assert calendar.states(found) == ["succeeded", "started"]
