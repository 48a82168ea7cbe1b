"""Joins: which steps may start, which no longer can, what is stopped, and when a block has ended or failed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.domain.instances import joins
from appliance.domain.instances.joins import ENDED, Block, Decision, Items
from appliance.domain.workflows.definition import Step, WaitStep


def step(id: str, *needs: str, **fields: Any) -> Step:
    return Step(id, WaitStep(seconds=1), needs=list(needs), **fields)


def decide(steps: list[Step], **states: str) -> Decision:
    return joins.decide(Block(steps), states)


def test_what_needs_nothing_starts_at_once() -> None:
    assert decide([step("a"), step("b"), step("c", "a")]).start == ["a", "b"]


def test_all_waits_for_each() -> None:
    steps = [step("a"), step("b"), step("c", "a", "b")]
    assert decide(steps, a="done", b="running").start == []
    assert decide(steps, a="done", b="done").start == ["c"]


def test_any_starts_with_the_first_and_stops_the_rest() -> None:
    steps = [step("a"), step("b"), step("c", "a", "b", join="any")]
    found = decide(steps, a="done", b="running")
    assert (found.start, found.stop) == (["c"], ["b"])


def test_what_another_step_still_needs_is_not_stopped() -> None:
    steps = [step("a"), step("b"), step("c", "a", "b", join="any"), step("d", "b")]
    assert decide(steps, a="done", b="running").stop == []


def test_what_nobody_needs_any_more_does_not_start() -> None:
    steps = [step("a"), step("m"), step("k", "m"), step("n", "k"), step("c", "a", "n", join="any")]
    found = decide(steps, a="done", m="running")
    assert (found.start, found.skip, found.stop) == (["c"], ["k", "n"], ["m"])


def test_least_counts_those_that_were_done() -> None:
    steps = [step("a"), step("b"), step("c"), step("d", "a", "b", "c", join="least", least=2)]
    assert decide(steps, a="done", b="failed", c="running").start == []
    assert decide(steps, a="done", b="failed", c="done").start == ["d"]
    assert decide(steps, a="failed", b="failed", c="running").failed == "a"


def test_collect_starts_when_all_have_ended_well_or_not() -> None:
    steps = [step("a"), step("b"), step("c", "a", "b", join="collect")]
    assert decide(steps, a="failed", b="running").start == []
    assert decide(steps, a="failed", b="cancelled").start == ["c"]


@pytest.mark.parametrize("last", [step("c", "a"), step("c", "a", "b"), step("c", "b")])
def test_a_failure_that_somebody_can_not_go_on_from_is_the_blocks(last: Step) -> None:
    assert decide([step("a"), step("b"), last], a="failed", b="running").failed == "a"


def test_a_failure_that_everybody_can_go_on_from_is_borne() -> None:
    steps = [step("a"), step("b"), step("c", "a", "b", join="any"), step("d", "a", join="collect")]
    found = decide(steps, a="failed", b="running")
    assert (found.failed, found.start) == ("", ["d"])


def test_of_several_failures_the_first_of_the_list_is_told() -> None:
    assert decide([step("a"), step("b")], b="failed", a="failed").failed == "a"


def test_a_block_ends_with_its_last_step() -> None:
    steps = [step("a"), step("b", "a")]
    assert not decide(steps, a="done").ended
    assert not decide(steps, a="done", b="running").ended
    assert decide(steps, a="done", b="done").ended
    assert decide([]).ended


def test_a_step_whose_need_was_skipped_is_skipped() -> None:
    steps = [step("a"), step("b", "a"), step("c", "b")]
    assert decide(steps, a="skipped").skip == ["b", "c"]


def test_downstream_is_the_step_and_all_that_rests_on_it() -> None:
    block = Block([step("a"), step("b", "a"), step("c", "b"), step("d", "a"), step("e")])
    assert block.downstream("b") == {"b", "c"}
    assert block.last == ["c", "d", "e"]


@pytest.mark.parametrize(
    ("counted", "join", "least", "stands"),
    [
        ((3, 2, 0, 1), "all", 0, "open"),
        ((3, 3, 0, 0), "all", 0, "done"),
        ((3, 1, 1, 1), "all", 0, "failed"),
        ((0, 0, 0, 0), "all", 0, "done"),
        ((3, 1, 1, 1), "any", 0, "done"),
        ((3, 0, 2, 1), "any", 0, "open"),
        ((3, 0, 3, 0), "any", 0, "failed"),
        ((0, 0, 0, 0), "any", 0, "failed"),
        ((5, 2, 0, 2), "least", 3, "open"),
        ((5, 3, 2, 0), "least", 3, "done"),
        ((5, 1, 3, 1), "least", 3, "failed"),
        ((3, 1, 1, 1), "collect", 0, "open"),
        ((3, 0, 3, 0), "collect", 0, "done"),
    ],
)
def test_how_a_map_stands(counted: tuple[int, int, int, int], join: Any, least: int, stands: str) -> None:
    assert joins.items(Items(*counted), join, least) == stands


@st.composite
def graphs(draw: st.DrawFn) -> list[Step]:
    steps: list[Step] = []
    for n in range(draw(st.integers(1, 8))):
        needs = draw(st.lists(st.sampled_from([s.id for s in steps]), unique=True)) if steps else []
        join = draw(st.sampled_from(["all", "any", "least", "collect"])) if needs else "all"
        least = draw(st.integers(1, len(needs))) if join == "least" else 0
        steps.append(step(f"s{n}", *needs, join=join, least=least))
    return steps


@given(graphs(), st.randoms(use_true_random=False), st.floats(0, 1))
def test_every_graph_comes_to_an_end_whatever_fails_and_in_whatever_order(
    steps: list[Step], chance: Any, bad: float
) -> None:
    block, states = Block(steps), dict[str, str]()
    touched: set[str] | None = None
    for _ in range(len(steps) * 3 + 2):
        found = joins.decide(block, states, touched)
        assert found == joins.decide(block, states), "what changed is enough to look at"
        if found.failed:
            assert states[found.failed] == "failed"
            return
        assert not set(found.start) & set(states) and not set(found.skip) & set(states)
        assert all(states[one] == "running" for one in found.stop)
        for one in found.start:
            _may_start(block.by_id[one], states)
        states |= dict.fromkeys(found.start, "running") | dict.fromkeys(found.skip, "skipped")
        states |= dict.fromkeys(found.stop, "cancelled")
        running = [one for one, state in states.items() if state == "running"]
        if found.ended:
            assert set(states) == set(block.by_id) and all(state in ENDED for state in states.values())
            return
        assert running, "nothing is at work and the block has not ended"
        one = chance.choice(running)
        states[one] = "failed" if chance.random() < bad else "done"
        touched = {one}
    raise AssertionError("it did not end")


def _may_start(one: Step, states: dict[str, str]) -> None:
    needed = [states.get(need) for need in one.needs]
    done = needed.count("done")
    if one.join == "all":
        assert done == len(needed)
    elif one.join == "collect":
        assert all(state in ENDED for state in needed)
    else:
        assert done >= (one.least if one.join == "least" else 1)


@given(graphs(), st.data())
def test_deciding_twice_decides_nothing_more(steps: list[Step], data: st.DataObject) -> None:
    block, states = Block(steps), dict[str, str]()
    for one in joins.decide(block, states).start:
        states[one] = data.draw(st.sampled_from(["running", "done"]))
    found = joins.decide(block, states)
    states |= dict.fromkeys(found.start, "running") | dict.fromkeys(found.skip, "skipped")
    states |= dict.fromkeys(found.stop, "cancelled")
    again = joins.decide(block, states)
    assert (again.start, again.skip, again.stop) == ([], [], [])
