"""kill -9 at every commit of a workflow with each kind of step: the same outcome, and everything done once."""

import pytest

from appliance.domain import claims, decisions, tasks
from appliance.domain.instances import nodes, starting, verbs
from appliance.domain.workflows.definition import (
    AgentStep,
    ApprovalStep,
    CommandStep,
    MapStep,
    Step,
    WaitStep,
    WhenStep,
    WorkflowStep,
)
from tests.engine import flows
from tests.engine.floor import Floor, comment
from tests.engine.flows import Flow, chain, says, step
from tests.engine.mortal import Mortal, mortal

# Of all places to die, every so many in the fast suite; all of them in the long one.
STRIDE = 11


def everything() -> list[Step]:
    said = AgentStep("ada", body=comment("was here") + "\nsim: say ${{ item }}")
    return chain(
        step("first", AgentStep("ada", body=comment("was here") + "\nsim: say one")),
        step("ok", ApprovalStep("Go on?")),
        step("run", CommandStep("echo ran", "idempotent")),
        step("paid", WaitStep(signal="paid")),
        step("rest", WaitStep(until="2020-01-01T00:00:00Z")),
        step("big", WhenStep("${{ true }}", chain(step("x"), step("y")))),
        step("each", MapStep("${{ ['a', 'b', 'c'] }}", [step("work", said)], bound=2)),
        step("sub", WorkflowStep("inner")),
    )


def failing() -> list[Step]:
    steps = [step(name, compensate=step("undo")) for name in ("a", "b")]
    return chain(*steps, step("bad", AgentStep("ada", body="sim: fail 401")))


def drive(floor: Floor, idem: str) -> None:
    """What people and the engine do about the workflow, whatever was done before; until it has ended."""
    found = starting.start(floor.db, floor.actor, "flow", {}, idem=idem)
    for _ in range(20):
        floor.sweeper.sweep()
        floor.work()
        flow = Flow(floor, found)
        if not flow.now.open:
            return
        for row in floor.db.rows("SELECT id FROM approvals WHERE state = 'pending' AND kind = 'step'"):
            decisions.decide(floor.db, floor.actor, row["id"], "approve")
        verbs.signal(floor.db, floor.actor, found.id, "paid", 1, idem="once")
    raise AssertionError(f"it does not end: {flow.states}")


def killed(floor: Floor, at: int) -> tuple[Flow, Mortal]:
    """The workflow after its worker died at this place and another went on."""
    with mortal(at) as worker:
        drive(floor, f"at {at}")
    claims.release(floor.db, "lease_owner <> ''", {})
    drive(floor, f"at {at}")
    return Flow(floor, starting.start(floor.db, floor.actor, "flow", {}, idem=f"at {at}")), worker


def told(flow: Flow) -> object:
    """All that must not depend on who died when."""
    db = flow.floor.db
    children = tasks.children(db, flow.now.task_id)
    said = [len(flow.floor.comments(child)) for child in children]
    states = sorted((node.path, node.state, node.attempt) for node in nodes.of(db, flow.id))
    now = flow.now
    return now.state, now.output, states, [child.state for child in children], said, now.task_state


def every(floor: Floor, steps: list[Step], stride: int) -> int:
    flows.apply(floor.db, [step("work", says("inner"))], "inner")
    flows.apply(floor.db, steps, output="${{ inputs }}")
    flow, worker = killed(floor, 0)
    wanted, places = told(flow), worker.passed
    for at in range(1, places + 1, stride):
        flow, worker = killed(floor, at)
        assert worker.dead or at > worker.passed, at
        assert told(flow) == wanted, f"killed at place {at} of {places}"
    assert floor.db.value("SELECT COUNT(*) AS n FROM runs WHERE state IN ('ready', 'running', 'waiting')") == 0
    return places


def test_a_worker_that_dies_at_a_commit_changes_no_outcome(floor: Floor) -> None:
    assert every(floor, everything(), STRIDE) > 40


def test_a_worker_that_dies_while_undoing_changes_no_outcome(floor: Floor) -> None:
    assert every(floor, failing(), STRIDE // 2) > 20


@pytest.mark.crash
@pytest.mark.timeout(600)
@pytest.mark.parametrize("steps", [everything, failing])
def test_a_worker_may_die_at_every_commit(floor: Floor, steps: object) -> None:
    assert callable(steps)
    every(floor, steps(), 1)
