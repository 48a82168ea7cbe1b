"""Schedules that start workflows."""

import pytest

from appliance.domain.instances import advance, landing
from appliance.domain.instances import rows as instances
from appliance.domain.instances import verbs as instance_verbs
from appliance.domain.schedules import verbs
from appliance.domain.schedules.forms import ScheduleChange, StartWorkflow
from appliance.domain.schedules.rows import Schedule
from appliance.domain.workflows.definition import Step, WaitStep
from appliance.errors import Problem
from tests.domain.scheduling import Calendar
from tests.engine import flows

INPUTS = {"type": "object", "required": ["to"], "properties": {"to": {"type": "string"}, "n": {"default": 2}}}


@pytest.fixture
def flow(calendar: Calendar) -> Calendar:
    """A workflow `flow` that waits for a day, and takes one input."""
    flows.apply(calendar.db, [Step("nap", WaitStep(seconds=86_400))], inputs=INPUTS)
    return calendar


def add(calendar: Calendar, **given: object) -> Schedule:
    return calendar.add("flowing", task=None, workflow=StartWorkflow("flow", {"to": "mara"}), **given)


def test_a_schedule_starts_its_workflow_with_its_inputs_once_for_each_time(flow: Calendar) -> None:
    made = add(flow, overlap="allow_all")
    for hour in (13, 14):
        with flow.at(f"2027-01-04T{hour}:00:00Z"):
            flow.tick()
    first, second = flow.ticks(made)
    found = instances.by_id(flow.db, first.instance_id or "")
    assert (found.slug, found.input, found.cause) == ("flow", {"to": "mara", "n": 2}, "schedule")
    assert (found.idem, found.created_by) == (f"sched:{made.id}:{first.due_at}", f"schedule:{made.id}")
    assert first.task_id == found.task_id and first.instance_id != second.instance_id
    assert verbs.run_now(flow.db, flow.person, made.id).instance_id not in (first.instance_id, second.instance_id)


@pytest.mark.parametrize(
    ("policy", "states"),
    [
        ("skip", ["started", "skipped"]),
        ("buffer_one", ["started", "buffered"]),
        ("cancel_other", ["cancelled", "started"]),
        ("terminate_other", ["cancelled", "started"]),
    ],
)
def test_overlap_policies_hold_for_instances(flow: Calendar, policy: str, states: list[str]) -> None:
    made = add(flow, overlap=policy)
    with flow.at("2027-01-04T13:00:00Z"):
        pass
    with flow.at("2027-01-04T14:00:00Z"):
        flow.tick()
    assert flow.states(made) == states


def test_an_instance_that_ends_lets_the_next_one_start(flow: Calendar) -> None:
    made = add(flow, overlap="buffer_all")
    for hour in (13, 14):
        with flow.at(f"2027-01-04T{hour}:00:00Z"):
            pass
    with flow.at("2027-01-04T14:30:00Z"):
        instance_verbs.cancel(flow.db, flow.person, flow.ticks(made)[0].instance_id or "")
        flow.tick()
    assert flow.states(made) == ["cancelled", "started"]


def test_an_instance_that_fails_counts_as_a_failure_and_has_ended(calendar: Calendar) -> None:
    flows.apply(calendar.db, [Step("late", WaitStep(signal="never", within_s=60))], inputs={})
    made = calendar.add("flowing", task=None, workflow=StartWorkflow("flow"), pause_after=1)
    with calendar.at("2027-01-04T13:00:00Z"):
        advance.moved(calendar.db)
    with calendar.at("2027-01-04T13:30:00Z"):
        landing.due(calendar.db)
        advance.moved(calendar.db)
        calendar.tick()
        [tick] = calendar.ticks(made)
        assert tick.state == "failed" and tick.ended_at
    assert (calendar.now(made).state, calendar.now(made).failures) == ("paused", 1)


def test_a_workflow_that_is_not_there_or_other_inputs_are_refused(flow: Calendar) -> None:
    for wanted, field in (
        (StartWorkflow("other"), "workflow"),
        (StartWorkflow("flow", {"to": "x"}, 7), "workflow"),
        (StartWorkflow("flow"), "inputs.to"),
        (StartWorkflow("flow", {"to": 5}), "inputs.to"),
    ):
        with pytest.raises(Problem) as caught:
            flow.add("flowing", task=None, workflow=wanted)
        assert list(caught.value.errors) == [field]
    made = flow.add()
    changed = verbs.change(flow.db, flow.person, made.id, ScheduleChange(workflow=StartWorkflow("flow", {"to": "x"})))
    assert changed.target.workflow and not changed.target.task


def test_a_workflow_that_is_gone_when_the_time_comes_is_a_failed_tick(flow: Calendar) -> None:
    made = add(flow)
    flow.db.execute("UPDATE workflows SET archived_at = '2027-01-04T12:30:00.000000Z'")
    with flow.at("2027-01-04T13:00:00Z"):
        pass
    [tick] = flow.ticks(made)
    assert (tick.state, tick.code, tick.detail) == ("failed", "not_found", "There is no such workflow flow.")
