"""Schedules: what is made, changed and refused, and when they fire."""

from typing import Any

import pytest

from appliance import clock
from appliance.domain import agents, checks, events, restored, tasks
from appliance.domain.checks import NewCheck
from appliance.domain.schedules import reckoning, rows, verbs
from appliance.domain.schedules.forms import NewSchedule, ScheduleChange, StartTask
from appliance.errors import Problem
from tests.domain.scheduling import Calendar
from tests.world import World


def test_a_schedule_makes_its_task_when_its_time_comes(calendar: Calendar) -> None:
    task = StartTask("Look", "Well.", "ada", 2, [NewCheck("contains", {"text": "ok"})], ["daily"], "0.50", 600)
    made = calendar.add("look", "0 13 * * *", task=task, name="Daily look")
    with calendar.at("2027-01-04T12:59:59Z"):
        assert calendar.tasks() == []
    with calendar.at("2027-01-04T13:00:00Z"):
        [found] = calendar.tasks()
        [tick] = calendar.ticks(made)
    assert (found.title, found.body, found.assignee, found.priority) == ("Look", "Well.", "ada", 2)
    assert (found.labels, found.time_limit_s, found.run_state) == (["daily"], 600, "ready")
    assert [check.sentence for check in checks.of_task(calendar.db, found.id)] == ["the result contains “ok”"]
    assert found.created_by == f"schedule:{made.id}"
    assert rows.names(calendar.db, [found.created_by, "member:x"]) == {found.created_by: "Daily look"}
    assert (tick.state, tick.task_id, tick.task_number) == ("started", found.id, found.number)
    assert calendar.now(made).next_due == "2027-01-05T13:00:00.000000Z"


def test_a_tick_fires_once_however_often_it_is_looked_at(calendar: Calendar) -> None:
    made = calendar.add()
    for _ in range(3):
        with calendar.at("2027-01-04T13:00:01Z"):
            calendar.tick()
    assert calendar.states(made) == ["started"]
    assert len(calendar.tasks()) == 1


def test_the_zone_of_a_schedule_is_its_own_or_the_tenants(calendar: Calendar) -> None:
    made = calendar.add("berlin", "0 9 * * *", zone="Europe/Berlin")
    assert made.next_due == "2027-01-05T08:00:00.000000Z"
    assert calendar.add("utc", "0 9 * * *").zone == "UTC"


def test_a_schedule_over_a_change_of_the_clocks_keeps_its_time_of_day(calendar: Calendar) -> None:
    made = calendar.add("berlin", "30 2 * * *", zone="Europe/Berlin", overlap="allow_all", starts_at="2027-03-27")
    for moment in ("2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"):
        with calendar.at(moment):
            pass
    assert calendar.told(made) == ["27T01:30 started", "28T01:00 started", "29T00:30 started"]


def test_mistake_18_a_manual_run_does_not_shift_the_daily_slot(calendar: Calendar) -> None:
    made = calendar.add("daily", "0 9 * * *")
    before = (made.next_due, made.fire_at)
    with calendar.at("2027-01-05T08:59:00Z"):
        tick = verbs.run_now(calendar.db, calendar.person, "daily")
        assert (tick.kind, tick.state) == ("manual", "started")
        now = calendar.now(made)
        assert (now.next_due, now.fire_at) == before
        calendar.end(tick)
    with calendar.at("2027-01-05T09:00:00Z"):
        pass
    assert [(tick.kind, tick.due_at[:16]) for tick in calendar.ticks(made)] == [
        ("manual", "2027-01-05T08:59"),
        ("calendar", "2027-01-05T09:00"),
    ]
    assert calendar.now(made).next_due == "2027-01-06T09:00:00.000000Z"


def test_a_late_tick_does_not_shift_the_next_one(calendar: Calendar) -> None:
    made = calendar.add("often", every="15m", anchor_at="2027-01-04T12:00:00Z", overlap="allow_all")
    with calendar.at("2027-01-04T12:21:00Z"):
        pass
    assert calendar.told(made) == ["04T12:15 started"]
    assert calendar.now(made).next_due == "2027-01-04T12:30:00.000000Z"


def test_a_manual_run_works_while_the_schedule_is_paused(calendar: Calendar) -> None:
    made = calendar.add()
    verbs.pause(calendar.db, calendar.person, made.id, "Holidays")
    assert verbs.run_now(calendar.db, calendar.person, made.id).state == "started"
    assert calendar.now(made).state == "paused"


def test_nothing_fires_while_paused_and_what_came_meanwhile_is_told(calendar: Calendar) -> None:
    made = calendar.add()
    paused = verbs.pause(calendar.db, calendar.person, made.id, " Holidays ")
    assert (paused.state, paused.note) == ("paused", "Holidays")
    with calendar.at("2027-01-04T15:30:00Z"):
        assert calendar.ticks(made) == []
        resumed = verbs.resume(calendar.db, calendar.person, made.id)
        [tick] = calendar.ticks(made)
    assert (resumed.state, resumed.note, resumed.next_due) == ("active", "", "2027-01-04T16:00:00.000000Z")
    assert (tick.state, tick.code, tick.number) == ("missed", "paused", 3)


def test_start_and_end_bound_the_calendar(calendar: Calendar) -> None:
    made = calendar.add(starts_at="2027-01-05T10:00", ends_at="2027-01-05T12:00")
    assert made.next_due == "2027-01-05T10:00:00.000000Z"
    for moment in ("2027-01-05T10:00:00Z", "2027-01-05T11:00:00Z"):
        with calendar.at(moment):
            calendar.end(calendar.ticks(made)[-1])
    assert (calendar.now(made).state, calendar.now(made).next_due) == ("ended", None)
    with pytest.raises(Problem, match="ended"):
        verbs.resume(calendar.db, calendar.person, made.id)
    again = verbs.change(calendar.db, calendar.person, made.id, ScheduleChange(ends_at=None))
    assert again.state == "active"


def test_an_end_that_is_a_day_includes_it(calendar: Calendar) -> None:
    made = calendar.add("xmas", "0 9 * * *", zone="Europe/Berlin", ends_at="2027-01-05")
    assert made.ends_at == "2027-01-05T23:00:00.000000Z"


def test_a_limit_counts_what_was_started(calendar: Calendar) -> None:
    made = calendar.add(remaining=2)
    with calendar.at("2027-01-04T13:00:00Z"):
        calendar.end(calendar.ticks(made)[0])
        verbs.run_now(calendar.db, calendar.person, made.id)
        assert calendar.now(made).remaining == 1
    with calendar.at("2027-01-04T14:00:00Z"):
        assert calendar.now(made).remaining == 1, "a time that was skipped is not counted"
        calendar.end(calendar.tasks()[-1])
    with calendar.at("2027-01-04T15:00:00Z"):
        assert calendar.states(made) == ["succeeded", "succeeded", "skipped", "started"]
        assert (calendar.now(made).state, calendar.now(made).remaining) == ("ended", 0)


def test_jitter_is_reproducible_and_stays_in_its_span(calendar: Calendar) -> None:
    made = calendar.add(jitter_s=600, overlap="allow_all")
    due = clock.parse("2027-01-04T13:00:00Z")
    waits = {reckoning.jitter_s(made, due.replace(hour=hour)) for hour in range(24)}
    assert len(waits) == 24 and all(0 <= wait < 600 for wait in waits)
    assert reckoning.jitter_s(calendar.now(made), due) == reckoning.jitter_s(made, due)
    assert made.fire_at == clock.iso(reckoning.fire_at(made, due))
    with calendar.at("2027-01-04T13:00:00Z"):
        assert calendar.ticks(made) == []
    with calendar.at(str(made.fire_at)):
        assert calendar.told(made) == ["04T13:00 started"]
    assert calendar.now(made).next_due == "2027-01-04T14:00:00.000000Z"


def test_pause_on_failure_after_so_many_in_a_row(calendar: Calendar) -> None:
    made = calendar.add(assignee="ada", overlap="allow_all", pause_after=2)
    for hour in (13, 14, 15):
        with calendar.at(f"2027-01-04T{hour}:00:00Z"):
            calendar.office.fail(calendar.office.begin(), "transient") if calendar.states(made)[
                -1
            ] == "started" else None
            calendar.tick()
        if hour == 13:
            assert calendar.now(made).state == "active"
    now = calendar.now(made)
    assert (now.state, now.failures) == ("paused", 2)
    assert now.note == "It failed 2 times in a row, the last time: No."
    assert calendar.states(made) == ["failed", "failed"]
    assert calendar.now(verbs.resume(calendar.db, calendar.person, made.id)).failures == 0


def test_a_success_ends_the_row_of_failures(calendar: Calendar) -> None:
    made = calendar.add(assignee="ada", overlap="allow_all", pause_after=2)
    for hour, well in ((13, False), (14, True), (15, False)):
        with calendar.at(f"2027-01-04T{hour}:00:00Z"):
            run = calendar.office.begin()
            calendar.office.complete(run) if well else calendar.office.fail(run, "transient")
            calendar.tick()
    assert (calendar.now(made).state, calendar.now(made).failures) == ("active", 1)
    assert calendar.states(made) == ["failed", "succeeded", "failed"]


def test_a_failed_task_that_is_mended_has_succeeded(calendar: Calendar) -> None:
    made = calendar.add(assignee="ada")
    with calendar.at("2027-01-04T13:00:00Z"):
        calendar.office.fail(calendar.office.begin(), "transient")
        calendar.tick()
        [tick] = calendar.ticks(made)
        assert (tick.state, tick.detail, tick.ended_at) == ("failed", "No.", None)
        calendar.end(tick)
        calendar.tick()
    assert calendar.states(made) == ["succeeded"]
    assert calendar.now(made).failures == 0


def test_what_can_not_be_started_is_a_failed_tick_that_says_why(calendar: Calendar, world: World) -> None:
    made = calendar.add(assignee="ben", pause_after=2)
    agents.delete(calendar.db, world.alice.actor, "ben")
    for hour in (13, 14):
        with calendar.at(f"2027-01-04T{hour}:00:00Z"):
            pass
    ticks = calendar.ticks(made)
    assert [(tick.state, tick.code) for tick in ticks] == [("failed", "invalid")] * 2
    assert "there is no agent 'ben'" in ticks[0].detail
    assert (calendar.now(made).state, calendar.tasks()) == ("paused", [])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"slug": "A B"}, "slug"),
        ({"cron": "61 * * * *"}, "cron"),
        ({"cron": "0 0 31 2 *"}, "cron"),
        ({"cron": ""}, "cron"),
        ({"every": "5m"}, "cron"),
        ({"cron": "", "every": "0m"}, "every"),
        ({"cron": "", "every": "5m", "anchor_at": "soon"}, "anchor_at"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"overlap": "maybe"}, "overlap"),
        ({"catch_up_s": -1}, "catch_up_s"),
        ({"catch_up_s": 604_801}, "catch_up_s"),
        ({"jitter_s": 100_000}, "jitter_s"),
        ({"pause_after": -1}, "pause_after"),
        ({"remaining": 0}, "remaining"),
        ({"starts_at": "whenever"}, "starts_at"),
        ({"ends_at": "2020-01-01"}, "ends_at"),
        ({"starts_at": "2028-01-02", "ends_at": "2028-01-01T00:00"}, "ends_at"),
        ({"ends_at": "9999-12-31"}, "ends_at"),
        ({"task": None}, "task"),
        ({"task": StartTask(" ")}, "title"),
        ({"task": StartTask("T", assignee="nobody")}, "assignee"),
        ({"task": StartTask("T", checks=[NewCheck("contains", {})])}, "checks[1]"),
        ({"task": StartTask("T", budget_usd="much")}, "budget_usd"),
        ({"task": StartTask("T", priority=9)}, "priority"),
    ],
)
def test_what_is_refused_names_its_field(calendar: Calendar, given: dict[str, Any], field: str) -> None:
    fields: dict[str, Any] = {"slug": "ok", "cron": "0 9 * * *", "task": StartTask("T")} | given
    with pytest.raises(Problem) as caught:
        verbs.add(calendar.db, calendar.person, NewSchedule(**fields))
    assert list(caught.value.errors) == [field]
    assert rows.listing(calendar.db).items == []


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


def test_a_slug_is_taken_until_its_schedule_is_removed(calendar: Calendar) -> None:
    made = calendar.add()
    with pytest.raises(Problem, match="Choose another slug"):
        calendar.add()
    verbs.remove(calendar.db, calendar.person, "daily")
    with calendar.at("2027-01-04T13:00:00Z"):
        assert calendar.tasks() == []
    with pytest.raises(Problem, match="no such schedule"):
        rows.get(calendar.db, made.id)
    assert calendar.add().id != made.id
    assert [one.slug for one in rows.listing(calendar.db).items] == ["daily"]


def test_a_viewer_changes_nothing(calendar: Calendar, world: World) -> None:
    made, bob = calendar.add(), world.bob.actor
    acts = [
        lambda: verbs.add(calendar.db, bob, NewSchedule("yy", cron="0 9 * * *", task=StartTask("T"))),
        lambda: verbs.change(calendar.db, bob, made.id, ScheduleChange(name="N")),
        lambda: verbs.pause(calendar.db, bob, made.id),
        lambda: verbs.resume(calendar.db, bob, made.id),
        lambda: verbs.run_now(calendar.db, bob, made.id),
        lambda: verbs.remove(calendar.db, bob, made.id),
        lambda: verbs.resume_restored(calendar.db, bob),
    ]
    for act in acts:
        with pytest.raises(Problem, match="role"):
            act()


def test_a_restored_backup_disarms_its_schedules_until_they_are_resumed(calendar: Calendar) -> None:
    one, two = calendar.add("one"), calendar.add("two")
    still = calendar.add("still")
    verbs.pause(calendar.db, calendar.person, "still", "Not in winter")
    assert restored.after_restore(calendar.db).schedules == 2
    with calendar.at("2027-01-05T12:30:00Z"):
        assert [calendar.now(s).state for s in (one, two, still)] == ["disarmed", "disarmed", "paused"]
        assert calendar.tasks() == []
        verbs.resume(calendar.db, calendar.person, "one")
        assert verbs.resume_restored(calendar.db, calendar.person) == 1
        assert [calendar.now(s).state for s in (one, two, still)] == ["active", "active", "paused"]
        assert [(t.state, t.code, t.number) for t in calendar.ticks(one)] == [("missed", "disarmed", 24)]
    with calendar.at("2027-01-05T13:00:00Z"):
        assert len(calendar.tasks()) == 2


def test_the_log_tells_what_schedules_did(calendar: Calendar) -> None:
    made = calendar.add()
    with calendar.at("2027-01-04T13:00:00Z"):
        verbs.pause(calendar.db, calendar.person, made.id)
    found = [event for event in events.recent(calendar.db, 50) if event.kind.startswith("schedule.")][::-1]
    assert [event.kind for event in found] == ["schedule.created", "schedule.ticked", "schedule.paused"]
    assert found[1].actor == f"schedule:{made.id}" and found[1].task_id == calendar.tasks()[0].id
    assert all(event.data["schedule_id"] == made.id for event in found)


def test_lists_are_read_page_by_page(calendar: Calendar) -> None:
    for n in range(5):
        calendar.add(f"s-{n}", overlap="allow_all")
    first = rows.listing(calendar.db, limit=3)
    rest = rows.listing(calendar.db, limit=3, cursor=first.next_cursor or "")
    assert [s.slug for s in first.items + rest.items] == [f"s-{n}" for n in range(5)]
    assert (rest.next_cursor, rows.listing(calendar.db, "paused").items) == (None, [])
    calendar.pass_hours(5)
    some = rows.ticks(calendar.db, first.items[0].id, 2)
    more = rows.ticks(calendar.db, first.items[0].id, 9, some.next_cursor or "")
    assert [t.due_at[11:13] for t in some.items + more.items] == ["17", "16", "15", "14", "13"]
    assert tasks.get(calendar.db, str(some.items[0].task_number)).id == some.items[0].task_id
