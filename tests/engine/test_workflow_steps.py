"""Each kind of step through the real pump: what it starts, what it gives, and how it fails."""

from datetime import timedelta

import pytest

from appliance import clock
from appliance.domain import approvals, decisions, lifecycle, tasks
from appliance.domain.instances import verbs
from appliance.domain.workflows.definition import (
    AgentStep,
    ApprovalStep,
    Retry,
    WaitStep,
)
from appliance.errors import Problem
from tests.engine import flows
from tests.engine.floor import Floor
from tests.engine.flows import Flow, chain, says, step


def fails(status: int = 401) -> AgentStep:
    return AgentStep("ada", body=f"sim: fail {status}")


def decide(flow: Flow, path: str, verdict: str, note: str = "", **given: str) -> None:
    decisions.decide(flow.floor.db, flow.floor.actor, str(flow.node(path).approval_id), verdict, note, given)
    flow.floor.work()


def test_a_chain_of_agent_steps_is_done_one_after_the_other(floor: Floor) -> None:
    flow = flows.run(floor, chain(step("a"), step("b"), step("c")))
    assert flow.now.state == "succeeded"
    assert list(flow.states.items()) == [("a", "done"), ("b", "done"), ("c", "done")]
    assert flow.now.task_state == "done"


def test_what_a_step_gave_is_put_into_the_next(floor: Floor) -> None:
    first, second = (
        step("a", says("blue")),
        step("b", AgentStep("ada", body="sim: say more ${{ steps.a.output.text }}")),
    )
    flow = flows.run(floor, chain(first, second), output="${{ steps.b.output.text }}")
    assert flow.now.output == "more blue"
    assert tasks.get(floor.db, flow.now.task_id).result == "more blue"


def test_steps_without_needs_start_together(floor: Floor) -> None:
    flow = flows.start(floor, [step("a"), step("b"), step("c", needs=["a", "b"])])
    assert flow.states == {"a": "running", "b": "running"}
    floor.work()
    assert flow.now.state == "succeeded"


def test_an_expression_without_a_value_fails_the_step(floor: Floor) -> None:
    flow = flows.run(floor, [step("a", AgentStep("ada", body="${{ 1 / 0 }}"))])
    assert flow.failure() == ("failed", "expression", "a")
    assert "divides by zero" in flow.now.failure_detail


def test_a_failed_instance_blocks_its_task_and_says_where(floor: Floor) -> None:
    flow = flows.run(floor, [step("a", fails())])
    assert flow.failure() == ("failed", "provider_auth", "a")
    task = tasks.get(floor.db, flow.now.task_id)
    assert (task.state, task.blocked_reason) == ("blocked", "needs_decision")
    assert task.blocked_detail.startswith("The step a failed: ")
    assert tasks.get(floor.db, str(flow.node("a").task_id)).state == "cancelled"


def test_an_agent_that_is_not_there_fails_the_step(floor: Floor) -> None:
    flow = flows.run(floor, [step("a", AgentStep("nobody"))])
    assert flow.failure() == ("failed", "not_found", "a")


def test_a_failing_step_is_tried_again_after_its_pause(floor: Floor) -> None:
    with flows.flaky(floor, 1):
        flow = flows.run(floor, [step("a", AgentStep("flaky"), retry=Retry(2, 60))])
        assert (flow.node("a").state, flow.node("a").attempt) == ("waiting", 1)
        with floor.later(61):
            floor.work()
    assert (flow.now.state, flow.node("a").attempt) == ("succeeded", 2)
    assert floor.run(tasks.get(floor.db, str(flow.node("a").task_id))).retry_of is not None


def test_retries_end_and_only_the_named_codes_are_tried_again(floor: Floor) -> None:
    flow = flows.run(floor, [step("a", fails(), retry=Retry(3, 1, retry_on=["checks_failed"]))])
    assert flow.failure() == ("failed", "provider_auth", "a")
    flow = flows.run(floor, [step("a", fails(), retry=Retry(2, 1))])
    with floor.later(5):
        floor.work()
    assert (flow.failure(), flow.node("a").attempt) == (("failed", "provider_auth", "a"), 2)


def test_a_step_that_takes_too_long_fails_and_its_task_is_cancelled(floor: Floor) -> None:
    flow = flows.start(floor, [step("a", timeout_s=60)])
    with floor.later(61):
        floor.work()
    assert flow.failure() == ("failed", "timeout", "a")
    assert tasks.get(floor.db, str(flow.node("a").task_id)).state == "cancelled"


def test_a_workflow_that_takes_too_long_fails_as_a_whole(floor: Floor) -> None:
    flow = flows.start(floor, [step("a", WaitStep(signal="never"))], timeout_s=100)
    with floor.later(101):
        floor.work()
    assert flow.failure() == ("failed", "timeout", "")
    assert flow.states == {"a": "cancelled"}


def test_cancelling_a_steps_task_fails_the_step(floor: Floor) -> None:
    flow = flows.start(floor, [step("a", retry=Retry(5))])
    lifecycle.cancel(floor.db, floor.actor, str(flow.node("a").task_id))
    floor.work()
    assert flow.failure() == ("failed", "cancelled", "a")


@pytest.mark.parametrize(("verdict", "state"), [("approve", "succeeded"), ("reject", "failed")])
def test_a_person_decides_an_approval_step(floor: Floor, verdict: str, state: str) -> None:
    flow = flows.run(floor, [step("ok", ApprovalStep("Publish ${{ inputs.what }}?"))], {"what": "it"})
    assert approvals.get(floor.db, str(flow.node("ok").approval_id)).title == "Publish it?"
    decide(flow, "ok", verdict, "because")
    assert flow.now.state == state
    assert flow.output("ok")["note"] == "because"
    assert flow.output("ok")["by"] == floor.actor.name


def test_an_approval_step_offers_options_and_gives_the_chosen_one(floor: Floor) -> None:
    options = [approvals.Option("yes", "Yes"), approvals.Option("later", "Later")]
    flow = flows.run(floor, [step("ok", ApprovalStep("Now?", options=options))])
    decide(flow, "ok", "approve", option="later")
    assert flow.output("ok")["option"] == "later"


def test_a_no_may_be_an_answer_like_another(floor: Floor) -> None:
    flow = flows.run(floor, [step("ok", ApprovalStep("Now?", on_reject="continue"))])
    decide(flow, "ok", "reject")
    assert (flow.now.state, flow.output("ok")["verdict"]) == ("succeeded", "rejected")


def test_an_approval_that_nobody_gives_in_time_fails_the_step(floor: Floor) -> None:
    flow = flows.run(floor, [step("ok", ApprovalStep("Now?", expires_s=60))])
    # Judged by the database's own clock, which no test can turn.
    floor.db.update("approvals", {"id": flow.node("ok").approval_id}, expires_at="2020-01-01T00:00:00.000000Z")
    floor.sweeper.sweep()
    floor.work()
    assert flow.failure() == ("failed", "expired", "ok")


def test_an_approval_decided_twice_moves_the_workflow_once(floor: Floor) -> None:
    flow = flows.run(floor, chain(step("ok", ApprovalStep("Now?")), step("a")))
    decide(flow, "ok", "approve")
    decide(flow, "ok", "approve")
    with pytest.raises(Problem, match="approved"):
        decide(flow, "ok", "reject")
    assert flow.states == {"ok": "done", "a": "done"}
    assert len(tasks.children(floor.db, flow.now.task_id)) == 1


def test_a_wait_is_over_when_its_time_is(floor: Floor) -> None:
    flow = flows.run(floor, [step("pause", WaitStep(seconds=3600))])
    with floor.later(3599):
        floor.work()
        assert flow.node("pause").state == "waiting"
    with floor.later(3601):
        floor.work()
        assert flow.now.state == "succeeded"


def test_a_wait_until_a_moment_that_has_passed_is_over_at_once(floor: Floor) -> None:
    then = clock.iso(clock.now() - timedelta(days=1))
    flow = flows.run(floor, [step("pause", WaitStep(until="${{ inputs.at }}"))], {"at": then})
    assert flow.now.state == "succeeded"
    flow = flows.run(floor, [step("pause", WaitStep(until="tomorrow"))])
    assert flow.failure() == ("failed", "invalid", "pause")


def test_a_signal_ends_the_wait_for_it_and_no_other(floor: Floor) -> None:
    flow = flows.run(floor, [step("paid", WaitStep(signal="paid"))])
    verbs.signal(floor.db, floor.actor, flow.id, "other", 1)
    floor.work()
    assert flow.node("paid").state == "waiting"
    verbs.signal(floor.db, floor.actor, flow.id, "paid", {"sum": 5})
    floor.work()
    assert flow.output("paid") == {"payload": {"sum": 5}, "late": False}


def test_a_signal_that_comes_before_the_wait_is_kept_for_it(floor: Floor) -> None:
    flow = flows.start(floor, chain(step("a"), step("paid", WaitStep(signal="paid"))))
    verbs.signal(floor.db, floor.actor, flow.id, "paid", "early")
    floor.work()
    assert (flow.now.state, flow.output("paid")["payload"]) == ("succeeded", "early")


def test_a_signal_sent_twice_is_one(floor: Floor) -> None:
    waits = chain(step("one", WaitStep(signal="go")), step("two", WaitStep(signal="go")))
    flow = flows.run(floor, waits)
    first = verbs.signal(floor.db, floor.actor, flow.id, "go", 1, idem="x")
    assert verbs.signal(floor.db, floor.actor, flow.id, "go", 2, idem="x").id == first.id
    floor.work()
    assert flow.states == {"one": "done", "two": "waiting"}


def test_a_finished_workflow_takes_no_signal(floor: Floor) -> None:
    flow = flows.run(floor, [step("a")])
    with pytest.raises(Problem, match="ended"):
        verbs.signal(floor.db, floor.actor, flow.id, "go")


def test_a_signal_has_to_fit_what_the_definition_asks_of_it(floor: Floor) -> None:
    flow = flows.run(floor, [step("paid", WaitStep(signal="paid", payload_schema={"type": "integer"}))])
    with pytest.raises(Problem) as refused:
        verbs.signal(floor.db, floor.actor, flow.id, "paid", "much")
    assert "payload" in refused.value.errors


@pytest.mark.parametrize(("on_late", "state"), [("fail", "failed"), ("continue", "succeeded")])
def test_a_signal_that_does_not_come_in_time(floor: Floor, on_late: str, state: str) -> None:
    flow = flows.run(floor, [step("paid", WaitStep(signal="paid", within_s=60, on_late=on_late))])  # type: ignore[arg-type]
    with floor.later(61):
        floor.work()
    assert flow.now.state == state
    if state == "succeeded":
        assert flow.output("paid") == {"payload": None, "late": True}
