"""Much of anything: no commit grows with the number of items, and what a step may hand on is bounded."""

from appliance.domain.instances import nodes
from appliance.domain.workflows.definition import AgentStep, CommandStep, MapStep, WhenStep
from tests.engine import flows
from tests.engine.floor import Floor, write
from tests.engine.flows import chain, step

NOTHING = WhenStep("${{ true }}", [])


def test_items_that_end_at_once_are_spread_over_several_commits(floor: Floor) -> None:
    does = MapStep("${{ inputs.list }}", [step("none", NOTHING)], output="${{ index }}", bound=20)
    flow = flows.start(floor, [step("each", does)], {"list": [0] * 1200})
    assert sum(nodes.counts(floor.db, flow.id).values()) < 700
    floor.work()
    assert (flow.now.state, flow.now.output) == ("succeeded", list(range(1200)))


def test_a_paused_workflow_whose_items_were_not_all_begun_goes_on_with_the_rest(floor: Floor) -> None:
    does = MapStep("${{ inputs.list }}", [step("none", NOTHING)], bound=2000, join="collect")
    flow = flows.start(floor, [step("each", does)], {"list": [0] * 1200})
    floor.db.update("instances", {"id": flow.id}, state="paused")
    floor.work()
    assert flow.node("each").state == "running"
    floor.db.update("instances", {"id": flow.id}, state="running", moved=True)
    floor.work()
    assert flow.now.state == "succeeded"


def test_data_that_is_too_much_for_a_step_fails_it_and_says_to_hand_on_the_file(floor: Floor) -> None:
    made = CommandStep("""python3 -c 'import json; json.dump(["x" * 1000] * 1200, open("big.json", "w"))'""")
    reads = AgentStep("ada", body="sim: say done", output_file="big.json")
    flow = flows.run(floor, chain(step("make", made), step("a", reads)))
    assert flow.failure() == ("failed", "too_large", "a")
    assert "big.json" in flow.now.failure_detail


def test_a_map_whose_items_give_too_much_together_fails_and_says_so(floor: Floor) -> None:
    each = MapStep("${{ inputs.list }}", [step("none", NOTHING)], output="${{ inputs.text }}", bound=50)
    flow = flows.run(floor, [step("each", each)], {"list": [0] * 20, "text": "x" * 900_000})
    assert flow.failure() == ("failed", "too_large", "each")


def test_data_of_a_usual_size_is_handed_on(floor: Floor) -> None:
    does = AgentStep("ada", body=write("f.json", '{"n": 1}') + "\nsim: say ok", output_file="f.json")
    assert flows.run(floor, [step("a", does)]).output("a")["data"] == {"n": 1}
