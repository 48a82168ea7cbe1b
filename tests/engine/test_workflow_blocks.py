"""Branches, maps and workflows as steps through the real pump: what is in them, what they give, how they fail."""

import pytest

from appliance.domain import tasks
from appliance.domain.instances import verbs
from appliance.domain.workflows.definition import AgentStep, MapStep, WaitStep, WhenStep, WorkflowStep
from tests.engine import flows
from tests.engine.floor import Floor
from tests.engine.flows import Flow, chain, says, step


def fails(status: int = 401) -> AgentStep:
    return AgentStep("ada", body=f"sim: fail {status}")


@pytest.mark.parametrize(("amount", "taken"), [(200, "then"), (50, "otherwise")])
def test_when_takes_the_branch_its_condition_says(floor: Floor, amount: int, taken: str) -> None:
    does = WhenStep("${{ inputs.amount > 100 }}", chain(step("legal"), step("sign")), [step("log")])
    flow = flows.run(floor, [step("big", does)], {"amount": amount})
    inner = ["big/then/legal", "big/then/sign"] if taken == "then" else ["big/otherwise/log"]
    assert list(flow.states) == ["big", *inner]
    assert flow.output("big")["taken"] == taken
    assert flow.output("big")["last"]["text"] == ("sign" if taken == "then" else "log")


def test_a_branch_without_steps_is_over_at_once(floor: Floor) -> None:
    flow = flows.run(floor, chain(step("big", WhenStep("${{ false }}", [step("x")])), step("after")))
    assert flow.states == {"big": "done", "after": "done"}


def test_a_condition_is_true_or_false_and_nothing_else(floor: Floor) -> None:
    flow = flows.run(floor, [step("big", WhenStep("${{ 1 }}", [step("x")]))])
    assert flow.failure() == ("failed", "expression", "big")


def test_a_failure_inside_a_branch_fails_it_and_is_named(floor: Floor) -> None:
    flow = flows.run(floor, [step("big", WhenStep("${{ true }}", [step("x", fails()), step("y")]))])
    assert flow.failure() == ("failed", "provider_auth", "big/then/x")


def each(items: str, *do: object, **fields: object) -> MapStep:
    return MapStep(items, list(do), **fields)  # type: ignore[arg-type]


def test_a_map_does_its_steps_for_each_item_and_keeps_their_order(floor: Floor) -> None:
    work = step("work", AgentStep("ada", body="sim: say ${{ item }}-${{ index }}"))
    does = each("${{ inputs.list }}", work, bound=2, output="${{ steps.work.output.text }}")
    flow = flows.run(floor, [step("each", does)], {"list": ["a", "b", "c", "d", "e"]})
    assert flow.output("each") == ["a-0", "b-1", "c-2", "d-3", "e-4"]


def test_a_map_has_no_more_items_at_work_than_its_bound(floor: Floor) -> None:
    flow = flows.start(floor, [step("each", each("${{ inputs.list }}", step("work"), bound=3))], {"list": [0] * 10})
    assert [path for path in flow.states if path.endswith("work")] == [f"each[{n}]/work" for n in range(3)]
    floor.work()
    assert flow.now.state == "succeeded"
    assert flow.node("each").data | {"files": 0} == {
        "total": 10,
        "next": 10,
        "open": 0,
        "done": 10,
        "failed": 0,
        "files": 0,
    }


def test_a_map_of_nothing_gives_an_empty_list(floor: Floor) -> None:
    flow = flows.run(floor, [step("each", each("${{ inputs.list }}", step("work")))], {"list": []})
    assert (flow.now.state, flow.output("each")) == ("succeeded", [])


def test_a_map_takes_only_a_list(floor: Floor) -> None:
    flow = flows.run(floor, [step("each", each("${{ inputs.list }}", step("work")))], {"list": "abc"})
    assert flow.failure() == ("failed", "invalid", "each")


SOME_FAIL = AgentStep("ada", body="${{ item }}")
GOOD, BAD = "sim: say ok", "sim: fail 401"


def test_a_failed_item_fails_a_map_that_wants_all_and_stops_the_rest(floor: Floor) -> None:
    does = each("${{ inputs.list }}", step("work", SOME_FAIL), bound=1)
    flow = flows.run(floor, [step("each", does)], {"list": [GOOD, BAD, GOOD]})
    assert flow.failure() == ("failed", "provider_auth", "each[1]/work")
    assert "each[2]" not in flow.states


def test_a_map_may_collect_what_failed_beside_what_did_not(floor: Floor) -> None:
    does = each("${{ inputs.list }}", step("work", SOME_FAIL), join="collect", output="${{ steps.work.output.text }}")
    flow = flows.run(floor, [step("each", does)], {"list": [GOOD, BAD]})
    assert flow.now.state == "succeeded"
    first, second = flow.output("each")
    assert first == {"ok": True, "output": "ok", "error": None}
    assert (second["ok"], second["error"]["code"]) == (False, "provider_auth")


def test_a_map_may_be_content_with_some_of_its_items(floor: Floor) -> None:
    does = each("${{ inputs.list }}", step("work", SOME_FAIL), join="least", least=2, bound=1)
    flow = flows.run(floor, [step("each", does)], {"list": [BAD, GOOD, GOOD, GOOD]})
    assert flow.now.state == "succeeded"
    assert "each[3]" not in flow.states
    flow = flows.run(floor, [step("each", does)], {"list": [BAD, GOOD]})
    assert flow.failure()[0] == "failed"


def test_maps_stand_inside_maps(floor: Floor) -> None:
    inner = step(
        "inner", each("${{ item }}", step("work", says("${{ item }}")), output="${{ steps.work.output.text }}")
    )
    flow = flows.run(floor, [step("outer", each("${{ inputs.list }}", inner))], {"list": [["a", "b"], ["c"]]})
    assert flow.output("outer") == [["a", "b"], ["c"]]
    assert "outer[1]/inner[0]/work" in flow.states


def test_another_workflow_is_a_step_with_inputs_and_output(floor: Floor) -> None:
    work = step("work", says("did ${{ inputs.what }}"))
    flows.apply(floor.db, [work], "inner", output={"said": "${{ steps.work.output.text }}"})
    flow = flows.run(floor, [step("sub", WorkflowStep("inner", {"what": "${{ inputs.x }}"}))], {"x": "it"})
    assert flow.output("sub") == {"said": "did it"}
    child = Flow(floor, flows.rows.below(floor.db, flow.id)[0])
    assert tasks.get(floor.db, child.now.task_id).parent_id == flow.now.task_id


def test_the_failure_of_another_workflow_fails_the_step(floor: Floor) -> None:
    flows.apply(floor.db, [step("work", fails())], "inner")
    flow = flows.run(floor, [step("sub", WorkflowStep("inner"))])
    assert flow.failure() == ("failed", "provider_auth", "sub")


def test_cancelling_a_workflow_cancels_those_its_steps_started(floor: Floor) -> None:
    flows.apply(floor.db, [step("work", WaitStep(signal="x"))], "inner")
    flow = flows.run(floor, [step("sub", WorkflowStep("inner"))])
    verbs.cancel(floor.db, floor.actor, flow.id)
    floor.work()
    assert flow.now.state == "cancelled"
    assert flows.rows.below(floor.db, flow.id)[0].state == "cancelled"


def test_workflows_start_each_other_only_so_deep(floor: Floor) -> None:
    flow = flows.run(floor, [step("again", WorkflowStep("flow"))])
    assert flow.failure() == ("failed", "too_deep", "again")
    assert len(flows.rows.listing(floor.db).items) == 8
