"""Schedules that are changed: from when on it holds, and who may."""

import pytest

from appliance import clock
from appliance.domain.schedules import rows, verbs
from appliance.domain.schedules.forms import NewSchedule, ScheduleChange, StartTask
from appliance.errors import Problem
from tests.domain.scheduling import Calendar


def test_a_change_of_the_calendar_holds_from_now_on(calendar: Calendar) -> None:
    made = calendar.add()
    change = ScheduleChange(cron="30 18 * * *", zone="Europe/Berlin", name="Evening", overlap="allow_all")
    changed = verbs.change(calendar.db, calendar.person, "daily", change)
    assert (changed.next_due, changed.name, changed.overlap) == ("2027-01-04T17:30:00.000000Z", "Evening", "allow_all")
    changed = verbs.change(calendar.db, calendar.person, made.id, ScheduleChange(every="10m"))
    assert (changed.words, changed.next_due) == ("Every 10 minutes", "2027-01-04T12:10:00.000000Z")
    changed = verbs.change(calendar.db, calendar.person, made.id, ScheduleChange(task=StartTask("Other")))
    assert changed.target.task and changed.target.task.title == "Other"
    for wrong in (ScheduleChange(cron="x"), ScheduleChange(name=" "), ScheduleChange(task=None)):
        with pytest.raises(Problem):
            verbs.change(calendar.db, calendar.person, made.id, wrong)
    assert rows.get(calendar.db, made.id) == changed


@pytest.mark.parametrize("jitter", [3600, 1800])
def test_a_change_of_something_else_loses_no_time_that_has_come(calendar: Calendar, jitter: int) -> None:
    """An edit on the page sends every field, also while a time waits for its jitter."""
    made = calendar.add(jitter_s=3600)
    due = calendar.now(made).next_due
    with clock.frozen(clock.parse("2027-01-04T13:00:00Z")):
        same = ScheduleChange("Other", starts_at=None, ends_at=None, remaining=None, zone=made.zone, jitter_s=jitter)
        verbs.change(calendar.db, calendar.person, made.id, same)
    assert (calendar.now(made).name, calendar.now(made).next_due) == ("Other", due)


def test_a_schedule_whose_times_are_used_up_can_be_named_anew(calendar: Calendar) -> None:
    made = calendar.add(remaining=1)
    with calendar.at("2027-01-04T13:00:00Z"):
        assert calendar.now(made).state == "ended"
        assert verbs.change(calendar.db, calendar.person, made.id, ScheduleChange(name="Other")).name == "Other"
        more = verbs.change(calendar.db, calendar.person, made.id, ScheduleChange(remaining=2))
    assert (more.state, more.remaining) == ("active", 2)


def test_an_agent_sets_up_and_runs_no_schedule(calendar: Calendar) -> None:
    """By one it could hand work to anybody: a schedule acts in nobody's name."""
    made, new = calendar.add(), NewSchedule("own", cron="* * * * *", task=StartTask("Look"))
    for verb in (
        lambda: verbs.add(calendar.db, calendar.office.ada, new),
        lambda: verbs.change(calendar.db, calendar.office.ada, made.id, ScheduleChange(name="Mine")),
        lambda: verbs.run_now(calendar.db, calendar.office.ada, made.id),
    ):
        with pytest.raises(Problem, match="An agent can't set up or run schedules"):
            verb()
