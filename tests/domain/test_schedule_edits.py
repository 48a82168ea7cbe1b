"""What an edit of a schedule leaves as it is."""

import pytest

from appliance import clock
from appliance.domain.schedules import verbs
from appliance.domain.schedules.forms import ScheduleChange
from tests.domain.scheduling import Calendar


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
