"""Times that came while nothing ran, clocks that were set, and what is filled in afterwards."""

import pytest

from appliance.domain.schedules import verbs
from appliance.domain.schedules.forms import Backfill, ScheduleChange
from appliance.errors import Problem
from tests.domain.scheduling import Calendar


def test_down_for_three_days_runs_the_last_hour_and_tells_of_the_rest(calendar: Calendar) -> None:
    made = calendar.add(overlap="allow_all")
    with calendar.at("2027-01-07T12:20:00Z"):
        pass
    missed, ran = calendar.ticks(made)
    assert (missed.state, missed.code, missed.number) == ("missed", "late", 71)
    assert (missed.due_at[:16], missed.detail) == ("2027-01-04T13:00", "71 times, the last at 2027-01-07T11:00Z")
    assert (ran.due_at[:16], ran.state) == ("2027-01-07T12:00", "started")
    assert calendar.now(made).next_due == "2027-01-07T13:00:00.000000Z"


def test_down_for_three_days_a_daily_job_outside_its_window_waits_for_its_next_slot(calendar: Calendar) -> None:
    made = calendar.add("daily", "0 9 * * *")
    with calendar.at("2027-01-07T12:00:00Z"):
        assert calendar.tasks() == []
    assert [(tick.state, tick.number) for tick in calendar.ticks(made)] == [("missed", 3)]
    assert calendar.now(made).next_due == "2027-01-08T09:00:00.000000Z"


def test_mistake_18_skip_missed_does_not_fire_at_boot(calendar: Calendar) -> None:
    made = calendar.add(catch_up_s=0)
    with calendar.at("2027-01-07T12:20:00Z"):
        assert calendar.tasks() == []
    assert calendar.states(made) == ["missed"]
    with calendar.at("2027-01-07T13:00:20Z"):
        assert len(calendar.tasks()) == 1, "what is late by seconds is on time"


def test_mistake_18_minute_jobs_do_not_replay_by_hundreds(calendar: Calendar) -> None:
    made = calendar.add("minutes", "* * * * *", overlap="allow_all", catch_up_s=604_800)
    with calendar.at("2027-01-07T12:00:30Z"):
        calendar.tick()
        assert len(calendar.tasks()) == 10
    missed, *ran = calendar.ticks(made)
    assert (missed.number, len(ran)) == (3 * 24 * 60 - 10, 10)
    assert ran[-1].due_at[:16] == "2027-01-07T12:00"


def test_down_for_a_year_is_over_in_a_moment(calendar: Calendar) -> None:
    made = calendar.add("minutes", "* * * * *", overlap="allow_all")
    with calendar.at("2028-01-07T12:00:30Z"):
        assert len(calendar.tasks()) == 10
    assert calendar.ticks(made)[0].detail.startswith("At least 10,050 times")


@pytest.mark.parametrize(("window", "ran"), [(0, 0), (1800, 0), (3600, 1), (7200, 2), (4 * 3600, 4)])
def test_catch_up_window(calendar: Calendar, window: int, ran: int) -> None:
    made = calendar.add(overlap="allow_all", catch_up_s=window)
    with calendar.at("2027-01-04T17:40:00Z"):
        assert len(calendar.tasks()) == ran
    assert sum(tick.number for tick in calendar.ticks(made)) == 5


def test_missed_times_within_the_window_keep_to_the_overlap_policy(calendar: Calendar) -> None:
    made = calendar.add(catch_up_s=4 * 3600)
    with calendar.at("2027-01-04T16:10:00Z"):
        pass
    assert calendar.states(made) == ["started", "skipped", "skipped", "skipped"]


def test_a_clock_that_jumps_back_repeats_nothing(calendar: Calendar) -> None:
    made = calendar.add(overlap="allow_all")
    for moment in ("04T13:00:00", "04T14:00:00", "04T12:30:00", "04T13:00:05", "04T14:00:01", "04T15:00:00"):
        with calendar.at(f"2027-01-{moment}Z"):
            pass
    assert calendar.told(made) == ["04T13:00 started", "04T14:00 started", "04T15:00 started"]


def test_a_clock_that_was_days_ahead_for_a_moment_loses_nothing(calendar: Calendar) -> None:
    made = calendar.add("daily", "0 13 * * *", overlap="allow_all")
    with calendar.at("2027-01-09T12:00:00Z"):
        assert calendar.now(made).next_due == "2027-01-09T13:00:00.000000Z"
    with calendar.at("2027-01-04T12:10:00Z"):
        assert calendar.now(made).next_due == "2027-01-04T13:00:00.000000Z"
    for day in (4, 5):
        with calendar.at(f"2027-01-0{day}T13:00:00Z"):
            pass
    assert calendar.told(made) == ["04T13:00 started", "05T13:00 started"]


def test_a_schedule_made_while_the_clock_was_ahead_goes_by_the_right_one(calendar: Calendar) -> None:
    with calendar.at("2031-01-01T00:00:00Z"):
        made = calendar.add()
    with calendar.at("2027-01-04T12:10:00Z"):
        assert calendar.now(made).next_due == "2027-01-04T13:00:00.000000Z"


def test_backfill_runs_what_has_not_run(calendar: Calendar) -> None:
    made = calendar.add()
    with calendar.at("2027-01-04T13:00:00Z"):
        calendar.end(calendar.ticks(made)[0])
    with calendar.at("2027-01-04T16:30:00Z"):
        calendar.end(calendar.tasks()[-1])
        span = Backfill("2027-01-04T10:00", "2027-01-04T16:00", "allow_all")
        assert [due[11:13] for due in verbs.gaps(calendar.db, "daily", span)] == ["10", "11", "12", "14", "15"]
        with pytest.raises(Problem, match="this is 5 times") as caught:
            verbs.backfill(calendar.db, calendar.person, "daily", span)
        assert list(caught.value.errors) == ["confirm"]
        ticks = verbs.backfill(
            calendar.db, calendar.person, "daily", Backfill(span.from_at, span.to_at, "allow_all", 5)
        )
        assert [(tick.kind, tick.state) for tick in ticks] == [("backfill", "started")] * 5
        assert verbs.gaps(calendar.db, "daily", span) == []
    assert calendar.now(made).next_due == "2027-01-04T17:00:00.000000Z"


def test_a_backfill_that_was_left_out_can_be_asked_for_again(calendar: Calendar) -> None:
    made = calendar.add("daily", "0 9 * * *")
    span = Backfill("2027-01-01", "2027-01-03", "skip", confirm=2)
    ticks = verbs.backfill(calendar.db, calendar.person, made.id, span)
    assert [tick.state for tick in ticks] == ["started", "skipped"]
    calendar.end(ticks[0])
    calendar.tick()
    [again] = verbs.backfill(calendar.db, calendar.person, made.id, Backfill(span.from_at, span.to_at, "skip", 1))
    assert (again.state, len(calendar.tasks())) == ("started", 2)


def test_backfill_one_after_the_other(calendar: Calendar) -> None:
    made = calendar.add("daily", "0 9 * * *")
    span = Backfill("2027-01-01", "2027-01-04", confirm=3)
    ticks = verbs.backfill(calendar.db, calendar.person, made.id, span)
    assert [tick.state for tick in ticks] == ["started", "buffered", "buffered"]
    for n in range(3):
        assert len(calendar.tasks()) == n + 1
        calendar.end(calendar.tasks()[-1])
        calendar.tick()
    assert calendar.states(made) == ["succeeded"] * 3


@pytest.mark.parametrize(
    ("start", "end", "field", "said"),
    [
        ("soon", "2027-01-04", "from_at", "give a date"),
        ("2027-01-04", "2027-01-03", "to_at", "after the beginning"),
        ("2027-01-04", "2027-02-03", "to_at", "must be in the past"),
        ("2020-01-04", "2027-01-03", "to_at", "more than 500 times"),
    ],
)
def test_a_backfill_that_makes_no_sense_is_refused(
    calendar: Calendar, start: str, end: str, field: str, said: str
) -> None:
    calendar.add()
    with pytest.raises(Problem, match=said) as caught:
        verbs.backfill(calendar.db, calendar.person, "daily", Backfill(start, end, confirm=1))
    assert list(caught.value.errors) == [field]


def test_a_backfill_after_a_change_goes_by_the_new_calendar(calendar: Calendar) -> None:
    calendar.add()
    verbs.change(calendar.db, calendar.person, "daily", ScheduleChange(cron="30 */6 * * *"))
    times = verbs.gaps(calendar.db, "daily", Backfill("2027-01-03", "2027-01-04"))
    assert [due[11:16] for due in times] == ["00:30", "06:30", "12:30", "18:30"]
