"""What goes wrong in one workflow stays there: the others, and every other task, go on."""

import pytest

from appliance.domain import lifecycle, tasks
from appliance.domain.instances import starting, verbs
from appliance.domain.instances.kinds import KINDS
from appliance.domain.workflows.definition import AgentStep, MapStep, Retry, WaitStep, WorkflowStep
from appliance.errors import Problem
from tests.engine import flows
from tests.engine.floor import Floor
from tests.engine.flows import chain, step

BAD = AgentStep("ada", body="sim: fail 401")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of the program's own: waits can't be begun."""

    def stumble(*given: object) -> None:
        raise KeyError("nothing of the kind")

    monkeypatch.setitem(KINDS, "wait", KINDS["wait"]._replace(begin=stumble))


@pytest.mark.usefixtures("broken")
def test_a_defect_in_one_workflow_fails_it_and_holds_up_nothing_else(floor: Floor) -> None:
    sick = flows.start(
        floor, [*chain(step("a"), step("w", WaitStep(signal="x"))), step("b", WaitStep(seconds=1), needs=["a"])]
    )
    well = flows.start(floor, chain(step("a"), step("b")), slug="well")
    task = floor.task("sim: say fine")
    floor.work()
    assert (well.now.state, floor.now(task).state) == ("succeeded", "done")
    assert (sick.now.state, sick.now.failure_code) == ("failed", "internal")
    assert "KeyError" in sick.now.failure_detail
    root = tasks.get(floor.db, sick.now.task_id)
    assert (root.state, root.blocked_reason) == ("blocked", "needs_decision")
    assert sick.node("a").finished_at is not None
    assert floor.now(tasks.get(floor.db, str(sick.node("a").task_id))).state == "done"


@pytest.mark.usefixtures("broken")
def test_a_defect_ends_what_the_workflow_has_at_work_and_tells_its_parent(floor: Floor) -> None:
    flows.apply(floor.db, [step("long"), step("asks"), step("w", WaitStep(signal="x"), needs=["asks"])], "inner")
    flow = flows.start(floor, [step("sub", WorkflowStep("inner"))])
    floor.work()
    assert flow.failure() == ("failed", "internal", "sub")
    assert floor.db.value("SELECT COUNT(*) AS n FROM nodes WHERE finished_at IS NULL") == 0
    assert floor.db.value("SELECT COUNT(*) AS n FROM instances WHERE moved") == 0


@pytest.mark.usefixtures("broken")
def test_whoever_starts_a_workflow_with_others_is_not_held_up_by_it(floor: Floor) -> None:
    flows.apply(floor.db, [step("w", WaitStep(seconds=1))])
    with floor.db.transaction():
        sick = starting.start(floor.db, floor.actor, "flow", {})
    floor.work()
    assert flows.Flow(floor, sick).failure() == ("failed", "internal", "")


def test_a_workflow_whose_rows_can_not_be_read_is_ended_too(floor: Floor) -> None:
    flow = flows.start(floor, [step("paid", WaitStep(signal="paid")), step("long", WaitStep(seconds=60))])
    well = flows.start(floor, [step("a")], slug="well")
    floor.db.update("nodes", {"instance_id": flow.id}, data="{")
    verbs.signal(floor.db, floor.actor, flow.id, "paid")
    floor.work()
    assert (flow.failure(), well.now.state) == (("failed", "internal", ""), "succeeded")
    assert floor.db.value("SELECT COUNT(*) AS n FROM nodes WHERE finished_at IS NULL") == 0


def test_steps_that_were_about_to_start_do_not_when_another_fails_at_once(floor: Floor) -> None:
    flow = flows.run(floor, [step("a"), step("b", AgentStep("nobody"))])
    assert flow.failure() == ("failed", "not_found", "b")
    assert flow.node("a").state == "cancelled"
    assert tasks.children(floor.db, flow.now.task_id) == []


def test_items_that_were_about_to_start_do_not_when_another_fails_at_once(floor: Floor) -> None:
    do = [step("work", AgentStep("${{ item }}", body="sim: say x"))]
    flow = flows.run(floor, [step("each", MapStep("${{ inputs.list }}", do))], {"list": ["ada", "nobody", "ada"]})
    assert flow.failure() == ("failed", "not_found", "each[1]/work")


@pytest.mark.parametrize("verb", [lifecycle.retry, lifecycle.cancel])
def test_what_a_person_does_with_a_step_that_pauses_before_its_retry_counts(floor: Floor, verb: object) -> None:
    with flows.flaky(floor, 1):
        flow = flows.run(floor, [step("a", AgentStep("flaky"), retry=Retry(3, 3600))])
        child = str(flow.node("a").task_id)
        verb(floor.db, floor.actor, child)  # type: ignore[operator]
        floor.work()
        assert flow.now.state == ("succeeded" if verb is lifecycle.retry else "failed")
        with floor.later(7200):
            floor.work()
    assert tasks.get(floor.db, child).state == ("done" if verb is lifecycle.retry else "cancelled")


def test_a_pause_before_a_retry_outlasts_a_pause_of_the_workflow(floor: Floor) -> None:
    with flows.flaky(floor, 1):
        flow = flows.run(floor, [step("a", AgentStep("flaky"), retry=Retry(3, 60))])
        verbs.pause(floor.db, floor.actor, flow.id)
        with floor.later(100):
            floor.work()
            assert (flow.node("a").state, flow.node("a").attempt) == ("waiting", 1)
            verbs.resume(floor.db, floor.actor, flow.id)
            floor.work()
    assert (flow.now.state, flow.node("a").attempt) == ("succeeded", 2)


def test_a_cancelled_workflow_whose_task_is_reopened_at_once_stays_cancelled(floor: Floor) -> None:
    flow = flows.start(floor, [step("a")])
    lifecycle.cancel(floor.db, floor.actor, flow.now.task_id)
    with pytest.raises(Problem, match="carries out a workflow"):
        lifecycle.reopen(floor.db, floor.actor, flow.now.task_id)
    floor.work()
    assert flow.now.state == "cancelled"
