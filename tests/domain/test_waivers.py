"""A person does without a check: with a reason, for this cycle of the task, and for everybody to see."""

import pytest

from appliance.domain import checks, events, lifecycle, tasks
from appliance.domain.actor import Actor
from appliance.domain.checks import Check, NewCheck
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import Task
from appliance.errors import Problem
from tests.world import World

WANTED = [NewCheck("contains", {"text": "42"}), NewCheck("human_ack")]


@pytest.fixture
def task(world: World) -> Task:
    with world.db() as db:
        return tasks.create(db, world.alice.actor, NewTask("Do it", checks=WANTED))


def waive(world: World, actor: Actor, task: Task, ref: str, reason: str = "Not needed here") -> Check:
    with world.db() as db:
        check = checks.get(db, task.id, ref)
        checks.waive(db, actor, check.id, reason)
        return checks.get(db, task.id, ref)


def test_a_waived_check_lets_the_task_be_done(world: World, task: Task) -> None:
    with world.db() as db, pytest.raises(Problem) as caught:
        lifecycle.move(db, world.otto.actor, task.id, "done")
    assert caught.value.code == "checks_open"
    waived = waive(world, world.otto.actor, task, "1", "  The text is a picture ")
    assert (waived.state, waived.waiver, waived.judged_by) == (
        "waived",
        "The text is a picture",
        world.otto.actor.label,
    )
    waive(world, world.otto.actor, task, "2")
    with world.db() as db:
        lifecycle.move(db, world.otto.actor, task.id, "done")
        assert tasks.get(db, task.id).state == "done"


def test_a_waiver_is_an_event_with_its_reason_and_happens_once(world: World, task: Task) -> None:
    first = waive(world, world.otto.actor, task, "1", "Known")
    assert waive(world, world.alice.actor, task, "1", "Other") == first
    with world.db() as db:
        [event] = [e for e in events.recent(db) if e.kind == "check.waived"]
    assert (event.actor, event.task_id) == (world.otto.actor.label, task.id)
    assert event.data == {"check": first.id, "reason": "Known"}


def test_a_later_verdict_does_not_undo_a_waiver_and_reopening_does(world: World, task: Task) -> None:
    check = waive(world, world.otto.actor, task, "1")
    with world.db() as db:
        checks.keep(db, {check.id: "It is not there"}, "system")
        assert checks.get(db, task.id, "1").state == "waived"
        lifecycle.cancel(db, world.otto.actor, task.id)
        lifecycle.reopen(db, world.otto.actor, task.id)
        again = checks.get(db, task.id, "1")
        assert (again.state, again.waiver, again.judged_by) == ("open", "", None)
        assert any(e.kind == "check.waived" for e in events.recent(db))


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_a_waiver_needs_a_reason(world: World, task: Task, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        waive(world, world.otto.actor, task, "1", reason)
    assert list(caught.value.errors) == ["reason"]


def test_who_may_waive_and_what(world: World, task: Task) -> None:
    with pytest.raises(Problem, match="operator"):
        waive(world, world.bob.actor, task, "1")
    with pytest.raises(Problem, match="An agent can't"):
        waive(world, Actor("agent", "a", "Ada", "operator"), task, "1")
    with pytest.raises(Problem, match="no such check"):
        waive(world, world.otto.actor, task, "3")
    with world.db() as db:
        checks.keep(db, {checks.get(db, task.id, "1").id: ""}, "system")
    with pytest.raises(Problem, match="has passed"):
        waive(world, world.otto.actor, task, "1")


def test_an_agent_has_no_command_run_as_a_check(world: World, task: Task) -> None:
    agent = Actor("agent", "a", "Ada", "operator")
    with world.db() as db, pytest.raises(Problem, match="can't have a command run"):
        tasks.add_checks(db, agent, task.id, [NewCheck("command_exit_0", {"command": "true"})])
