"""Pause, resume, cancel, compensation, edits meanwhile, and what people may do to the tasks of a workflow."""

import pytest

from appliance.domain import decisions, lifecycle, tasks, why
from appliance.domain.instances import starting, verbs
from appliance.domain.task_forms import TaskChange
from appliance.domain.workflows.definition import AgentStep, ApprovalStep, MapStep, WaitStep, WhenStep
from appliance.errors import Problem
from tests.engine import flows
from tests.engine.floor import Floor
from tests.engine.flows import Flow, chain, says, step

BAD = AgentStep("ada", body="sim: fail 401")


def task(flow: Flow) -> tasks.Task:
    return tasks.get(flow.floor.db, flow.now.task_id)


def test_a_paused_workflow_ends_what_is_at_work_and_starts_nothing(floor: Floor) -> None:
    flow = flows.start(floor, chain(step("a"), step("b")))
    verbs.pause(floor.db, floor.actor, flow.id)
    floor.work()
    assert (flow.now.state, flow.states) == ("paused", {"a": "running"})
    assert floor.now(tasks.get(floor.db, str(flow.node("a").task_id))).state == "done"
    verbs.resume(floor.db, floor.actor, flow.id)
    floor.work()
    assert (flow.now.state, list(flow.states)) == ("succeeded", ["a", "b"])


def test_an_approval_decided_while_paused_counts_when_it_goes_on(floor: Floor) -> None:
    flow = flows.run(floor, chain(step("ok", ApprovalStep("Now?")), step("a")))
    verbs.pause(floor.db, floor.actor, flow.id)
    decisions.decide(floor.db, floor.actor, str(flow.node("ok").approval_id), "approve")
    floor.work()
    assert flow.states == {"ok": "waiting"}
    verbs.resume(floor.db, floor.actor, flow.id)
    floor.work()
    assert flow.now.state == "succeeded"


def test_a_timer_that_is_over_while_paused_counts_when_it_goes_on(floor: Floor) -> None:
    flow = flows.run(floor, [step("pause", WaitStep(seconds=60))])
    verbs.pause(floor.db, floor.actor, flow.id)
    with floor.later(61):
        floor.work()
        assert flow.node("pause").state == "waiting"
        verbs.resume(floor.db, floor.actor, flow.id)
        floor.work()
    assert flow.now.state == "succeeded"


def test_cancelling_ends_everything_and_undoes_nothing(floor: Floor) -> None:
    waits = [
        step("ok", ApprovalStep("Now?"), needs=["a"]),
        step("w", WaitStep(signal="x"), needs=["a"]),
        step("b", needs=["a"]),
    ]
    flow = flows.start(floor, [step("a", compensate=step("undo")), *waits])
    floor.pump.serve(floor.tenant.id)
    verbs.cancel(floor.db, floor.actor, flow.id)
    floor.work()
    assert (flow.now.state, task(flow).state) == ("cancelled", "cancelled")
    assert set(flow.states.values()) <= {"done", "cancelled"}
    assert "undo/a" not in flow.states
    assert floor.db.value("SELECT COUNT(*) AS n FROM approvals WHERE state = 'pending'") == 0
    assert verbs.cancel(floor.db, floor.actor, flow.id).state == "cancelled"


def test_cancelling_its_task_cancels_the_workflow(floor: Floor) -> None:
    flow = flows.start(floor, [step("each", MapStep("${{ inputs.list }}", [step("work")], bound=2))], {"list": [1] * 5})
    lifecycle.cancel(floor.db, floor.actor, flow.now.task_id)
    floor.work()
    assert flow.now.state == "cancelled"
    assert {child.state for child in tasks.children(floor.db, flow.now.task_id)} == {"cancelled"}


def test_a_paused_workflow_can_be_cancelled(floor: Floor) -> None:
    flow = flows.start(floor, [step("a")])
    verbs.pause(floor.db, floor.actor, flow.id)
    lifecycle.cancel(floor.db, floor.actor, flow.now.task_id)
    floor.work()
    assert flow.now.state == "cancelled"


def test_after_a_failure_what_was_done_is_undone_in_the_reverse_order(floor: Floor) -> None:
    undo = {name: step("undo", says(f"undid {name} ${{{{ steps.{name}.output.text }}}}")) for name in "abc"}
    steps = chain(*[step(name, compensate=undo[name]) for name in "abc"], step("d", BAD))
    flow = flows.run(floor, steps)
    assert flow.failure() == ("failed", "provider_auth", "d")
    assert [path for path in flow.states if path.startswith("undo/")] == ["undo/c", "undo/b", "undo/a"]
    assert flow.output("undo/b")["text"] == "undid b b"


def test_steps_of_items_and_branches_are_undone_with_their_own_values(floor: Floor) -> None:
    pay = step("pay", compensate=step("undo", says("refund ${{ item }}")))
    branch = step("big", WhenStep("${{ true }}", [step("tell", compensate=step("undo", says("untell")))]))
    flow = flows.run(
        floor, chain(step("each", MapStep("${{ inputs.list }}", [pay])), branch, step("z", BAD)), {"list": [1, 2]}
    )
    undone = {path: flow.output(path)["text"] for path in flow.states if path.startswith("undo/")}
    assert undone == {"undo/big/then/tell": "untell", "undo/each[1]/pay": "refund 2", "undo/each[0]/pay": "refund 1"}


def test_what_can_not_be_undone_is_told_and_holds_up_nothing(floor: Floor) -> None:
    steps = chain(step("a", compensate=step("undo")), step("b", compensate=step("undo", BAD)), step("c", BAD))
    flow = flows.run(floor, steps)
    assert flow.states["undo/b"] == "failed"
    assert flow.states["undo/a"] == "done"
    assert "Undoing failed too, b:" in flow.now.failure_detail


def test_a_workflow_out_of_time_is_undone_too(floor: Floor) -> None:
    steps = chain(step("a", compensate=step("undo")), step("w", WaitStep(signal="x")))
    flow = flows.run(floor, steps, timeout_s=60)
    with floor.later(61):
        floor.work()
    assert flow.failure() == ("failed", "timeout", "")
    assert flow.states == {"a": "done", "w": "cancelled", "undo/a": "done"}


def test_a_new_version_changes_no_workflow_that_runs(floor: Floor) -> None:
    flow = flows.start(floor, chain(step("a"), step("b")))
    flows.apply(floor.db, chain(step("a"), step("other")))
    floor.work()
    assert list(flow.states) == ["a", "b"]
    assert list(Flow(floor, starting.start(floor.db, floor.actor, "flow", {})).states) == ["a"]


def test_the_same_idem_starts_it_once(floor: Floor) -> None:
    flows.apply(floor.db, [step("a")])
    first, second = (starting.start(floor.db, floor.actor, "flow", {}, idem="x") for _ in range(2))
    assert first.id == second.id
    assert starting.start(floor.db, floor.actor, "flow", {}, idem="y").id != first.id


def test_inputs_are_judged_by_their_names_and_defaults_filled_in(floor: Floor) -> None:
    wanted = {"type": "object", "required": ["change"]}
    wanted |= {"properties": {"change": {"type": "string"}, "n": {"type": "integer", "default": 2}}}
    flows.apply(floor.db, [step("a")], inputs=wanted)
    for given, field in (
        ({}, "inputs.change"),
        ({"change": 1}, "inputs.change"),
        ({"change": "x", "y": 1}, "inputs.y"),
    ):
        with pytest.raises(Problem) as refused:
            starting.start(floor.db, floor.actor, "flow", given)
        assert list(refused.value.errors) == [field]
    assert starting.start(floor.db, floor.actor, "flow", {"change": "x"}).input == {"change": "x", "n": 2}


def test_the_output_has_to_fit_what_was_promised(floor: Floor) -> None:
    flow = flows.run(floor, [step("a")], output={"n": "${{ steps.a.output.text }}"}, output_schema={"required": ["m"]})
    assert flow.failure() == ("failed", "output_misfit", "")


def test_its_task_is_moved_by_its_steps_alone_until_it_ends(floor: Floor) -> None:
    flow = flows.start(floor, [step("a")])
    root = flow.now.task_id
    for state in ("done", "todo", "in_review", "backlog"):
        with pytest.raises(Problem, match="carries out a workflow"):
            lifecycle.move(floor.db, floor.actor, root, state)
    with pytest.raises(Problem, match="carries out a workflow"):
        lifecycle.start(floor.db, floor.actor, root)
    with pytest.raises(Problem, match="carries out a workflow"):
        tasks.change(floor.db, floor.actor, root, TaskChange(assignee="ada"))
    floor.work()
    assert task(flow).state == "done"


def test_a_step_run_again_by_hand_moves_no_workflow_that_has_ended(floor: Floor) -> None:
    flow = flows.run(floor, chain(step("a", BAD), step("b")))
    child = str(flow.node("a").task_id)
    lifecycle.reopen(floor.db, floor.actor, child)
    floor.db.update("tasks", {"id": child}, body="sim: say fine")
    lifecycle.start(floor.db, floor.actor, child)
    floor.work()
    assert tasks.get(floor.db, child).state == "done"
    assert (flow.now.state, flow.states) == ("failed", {"a": "failed"})


def test_a_step_that_a_person_must_accept_waits_for_them(floor: Floor) -> None:
    asks = AgentStep("ada", body="sim: say ok", checks=[flows.NewCheck("human_ack")])
    flow = flows.run(floor, chain(step("a", asks), step("b")))
    assert flow.states == {"a": "running"}
    lifecycle.approve(floor.db, floor.actor, str(flow.node("a").task_id))
    floor.work()
    assert flow.now.state == "succeeded"


def test_its_task_says_which_step_is_at_work(floor: Floor) -> None:
    flow = flows.start(floor, chain(step("review"), step("pause", WaitStep(signal="x"))))
    assert why.why(floor.db, task(flow)).sentence == "It carries out the workflow Flow, which is at the step review."
    floor.work()
    assert "at the step pause, which waits" in why.why(floor.db, task(flow)).sentence
    verbs.pause(floor.db, floor.actor, flow.id)
    assert "is paused" in why.why(floor.db, task(flow)).sentence


def test_a_failed_workflow_says_where_and_how_to_go_on(floor: Floor) -> None:
    found = why.why(floor.db, task(flows.run(floor, [step("a", BAD)])))
    assert (found.code, found.action) == ("workflow_failed", "Look, and run again from a")
    assert found.sentence.startswith("The step a failed: ")
