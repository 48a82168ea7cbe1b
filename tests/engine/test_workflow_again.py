"""Again from step k: what was done and does not rest on it is taken over; everything else is done anew."""

import pytest

from appliance.domain import tasks
from appliance.domain.instances import verbs
from appliance.domain.workflows.definition import AgentStep, CommandStep, MapStep, Step, WhenStep
from appliance.errors import Problem
from tests.engine import flows
from tests.engine.floor import Floor, write
from tests.engine.flows import Flow, chain, says, step

BAD = AgentStep("ada", body="sim: fail 401")


def again(flow: Flow, path: str, version: int | None = None) -> Flow:
    floor = flow.floor
    files = floor.world.catalogue.files(floor.tenant.id)
    made = Flow(floor, verbs.again(floor.db, floor.actor, files, flow.id, path, version))
    floor.work()
    return made


def repaired(floor: Floor, steps: list[Step]) -> int:
    """The next version of the workflow."""
    flows.apply(floor.db, steps)
    return int(floor.db.value("SELECT version FROM workflows WHERE slug = 'flow'"))


def made(flow: Flow) -> int:
    return len(tasks.children(flow.floor.db, flow.now.task_id))


def test_steps_before_it_are_kept_with_what_they_gave(floor: Floor) -> None:
    flow = flows.run(floor, chain(step("a", says("first")), step("b", BAD), step("c")))
    assert flow.failure() == ("failed", "provider_auth", "b")
    version = repaired(floor, chain(step("a"), step("b", says("now ${{ steps.a.output.text }}")), step("c")))
    second = again(flow, "b", version)
    assert second.now.state == "succeeded"
    assert (second.output("a")["text"], second.output("b")["text"]) == ("first", "now first")
    assert made(second) == 2
    assert (second.now.fork_of, second.now.fork_from, second.now.version) == (flow.id, "b", version)
    assert flow.now.state == "failed"


def test_without_a_version_it_is_the_same_as_before(floor: Floor) -> None:
    flow = flows.run(floor, chain(step("a"), step("b")))
    repaired(floor, chain(step("a"), step("x")))
    second = again(flow, "b")
    assert list(second.states.items()) == [("a", "done"), ("b", "done")]
    assert (second.now.version, made(second)) == (1, 1)


def test_what_does_not_rest_on_it_is_kept_though_it_came_later(floor: Floor) -> None:
    steps = [step("a"), step("b"), step("c", needs=["a"]), step("d", needs=["b"])]
    second = again(flows.run(floor, steps), "a")
    assert second.now.state == "succeeded"
    anew = [path for path in second.states if second.node(path).task_id]
    assert sorted(anew) == ["a", "c"]


def test_the_files_of_the_workflow_come_along_and_the_old_ones_stay(floor: Floor) -> None:
    first = step("a", AgentStep("ada", body=write("a.txt", "kept") + "\nsim: say ok"))
    flow = flows.run(floor, chain(first, step("b", CommandStep("sh -c 'cat a.txt; echo new > a.txt'"))))
    second = again(flow, "b")
    assert second.output("b")["text"] == "new\n"
    assert floor.files(tasks.get(floor.db, flow.now.task_id)).text("a.txt") == "new\n"
    third = again(flow, "b")
    assert floor.files(tasks.get(floor.db, third.now.task_id)).text("a.txt") == "new\n"


def test_of_a_map_only_the_failed_items_are_done_again(floor: Floor) -> None:
    def does(body: str) -> list[Step]:
        work = chain(step("x", says("x")), step("work", AgentStep("ada", body=body)))
        return [step("each", MapStep("${{ inputs.list }}", work, output="${{ steps.work.output.text }}", bound=1))]

    flow = flows.run(floor, does("sim: ${{ item }}"), {"list": ["say a", "say b", "fail 401", "say d"]})
    assert flow.failure() == ("failed", "provider_auth", "each[2]/work")
    version = repaired(floor, does("sim: say ok ${{ index }}"))
    second = again(flow, "each[2]/work", version)
    assert second.now.state == "succeeded"
    assert second.output("each") == ["a", "b", "ok 2", "ok 3"]
    anew = [path for path in second.states if second.node(path).task_id]
    assert anew == ["each[2]/work", "each[3]/x", "each[3]/work"]


def test_inside_a_branch_what_was_done_there_is_kept(floor: Floor) -> None:
    def does(last: AgentStep) -> list[Step]:
        branch = WhenStep("${{ true }}", chain(step("x"), step("y", last)))
        return chain(step("big", branch), step("end"))

    flow = flows.run(floor, does(BAD))
    second = again(flow, "big/then/y", repaired(floor, does(says("better"))))
    assert second.now.state == "succeeded"
    assert [path for path in second.states if second.node(path).task_id] == ["big/then/y", "end"]


def test_what_was_undone_is_done_again(floor: Floor) -> None:
    steps = chain(step("a", compensate=step("undo")), step("b", BAD))
    flow = flows.run(floor, steps)
    assert flow.states["undo/a"] == "done"
    second = again(flow, "b", repaired(floor, chain(step("a"), step("b"))))
    assert second.node("a").task_id is not None


def test_a_running_workflow_and_an_unknown_step_are_refused(floor: Floor) -> None:
    flow = flows.start(floor, [step("a")])
    with pytest.raises(Problem, match="has not ended"):
        again(flow, "a")
    floor.work()
    with pytest.raises(Problem, match="no such step"):
        again(flow, "nothing")


def test_what_was_undone_inside_a_branch_or_a_map_is_done_again(floor: Floor) -> None:
    pay = step("pay", compensate=step("undo"))
    first = chain(step("big", WhenStep("${{ true }}", [pay])), step("each", MapStep([1, 2], [pay])))
    flow = flows.run(floor, chain(*first, step("z", BAD)))
    assert {path for path in flow.states if path.startswith("undo/")} == {
        "undo/big/then/pay",
        "undo/each[0]/pay",
        "undo/each[1]/pay",
    }
    second = again(flow, "z", repaired(floor, chain(*first, step("z"))))
    anew = [path for path in second.states if second.node(path).task_id]
    assert sorted(anew) == ["big/then/pay", "each[0]/pay", "each[1]/pay", "z"]


def test_items_that_were_undone_are_done_again_with_the_one_that_failed(floor: Floor) -> None:
    def each(body: str) -> list[Step]:
        work = step("work", AgentStep("ada", body=body), compensate=step("undo"))
        return [step("each", MapStep("${{ inputs.list }}", [work], bound=1))]

    flow = flows.run(floor, each("sim: ${{ item }}"), {"list": ["say a", "fail 401"]})
    assert flow.states["undo/each[0]/work"] == "done"
    second = again(flow, "each[1]/work", repaired(floor, each("sim: say ok")))
    assert second.now.state == "succeeded"
    assert [path for path in second.states if second.node(path).task_id] == ["each[1]/work", "each[0]/work"]


def test_of_a_workflow_in_which_no_step_failed_the_step_has_to_be_named(floor: Floor) -> None:
    with pytest.raises(Problem) as refused:
        again(flows.run(floor, [step("a")]), "")
    assert "step" in refused.value.errors
