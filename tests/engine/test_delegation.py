"""Delegation as a run does it: hand out, wait, go on with the results; killed anywhere, nothing is made twice."""

import pytest

from appliance.domain import (
    agents,
    budgets,
    guards,
    lifecycle,
    runs,
    why,
)
from appliance.domain.guards import GuardsChange
from tests.engine.floor import Floor, finish, tool
from tests.engine.leading import WAIT, after_a_death, child_ends, children, delegate, staffed, waits


@pytest.fixture
def floor(floor: Floor) -> Floor:
    return staffed(floor)


def test_parts_are_handed_out_waited_for_and_their_results_used(floor: Floor) -> None:
    parts = [delegate(to, f"Part of {to}", finish(f"{to} was here"), key=to, why="It knows.") for to in ("ben", "cleo")]
    task = floor.task(*parts, WAIT, finish("Both are in."))
    floor.pump.serve(floor.tenant.id)
    floor.work()
    made = children(floor, task)
    assert [(c.agent_slug, c.state, c.handed_why, c.handed_by) for c in made] == [
        ("ben", "done", "It knows.", floor.run(task).id),
        ("cleo", "done", "It knows.", floor.run(task).id),
    ]
    assert floor.now(task).state == "done"
    waited = floor.said(task)[2]
    assert "ben was here" in waited
    assert "cleo was here" in waited
    assert "All 2 sub-tasks have ended." in waited
    assert [run.state for run in runs.of_task(floor.db, task.id)] == ["succeeded"]


@pytest.mark.parametrize("deaths", range(1, 25))
def test_a_kill_at_any_step_of_handing_out_makes_nothing_twice(floor: Floor, deaths: int) -> None:
    """Killed after 2 of 5 sub-tasks, what resumes makes 3 more; so at every other boundary."""
    parts = [delegate("ben", f"Part {n}", finish(f"result {n}"), key=str(n)) for n in range(5)]
    task = floor.task(*parts, WAIT, finish("All in."))
    after_a_death(floor, deaths)
    made = children(floor, task)
    assert [child.title for child in made] == [f"Part {n}" for n in range(5)]
    assert [len(runs.of_task(floor.db, child.id)) for child in made] == [1] * 5
    assert floor.now(task).state == "done"
    assert all(f"result {n}" in floor.said(task)[5] for n in range(5))


def test_a_child_that_ends_before_its_parent_waits_is_not_waited_for(floor: Floor) -> None:
    task = floor.task(delegate("ben", "Part", finish("early bird")), WAIT, finish("Got it."))
    floor.die_after(2)
    floor.work()
    assert [child.state for child in children(floor, task)] == ["done"]
    floor.take_back()
    floor.work()
    assert (waits(floor, task), floor.now(task).state) == (0, "done")
    assert "early bird" in floor.said(task)[1]
    assert child_ends(floor, task) == [("coalesced", "Read by the run that was open.")]


def test_a_child_that_ends_after_its_parent_waits_lets_it_go_on(floor: Floor) -> None:
    agents.set_paused(floor.db, floor.actor, "ben", True)
    task = floor.done(delegate("ben", "Part", finish("late bird")), WAIT, finish("Got it."))
    assert (floor.outcome(task), waits(floor, task)) == (("waiting", "child", "in_progress"), 1)
    agents.set_paused(floor.db, floor.actor, "ben", False)
    floor.work()
    assert (floor.now(task).state, waits(floor, task)) == ("done", 1)
    assert "late bird" in floor.said(task)[1]
    assert child_ends(floor, task) == [("coalesced", "The run that waited for it goes on.")]


def test_the_parent_goes_on_once_when_all_have_ended(floor: Floor) -> None:
    parts = [delegate("ben", f"Part {n}", finish(f"result {n}")) for n in range(3)]
    task = floor.done(*parts, WAIT, finish("All in."))
    assert (waits(floor, task), len(child_ends(floor, task)), floor.now(task).state) == (1, 1, "done")


@pytest.mark.parametrize("ending", [finish("Too early."), "sim: say I have handed it out and wait."])
def test_whoever_ends_with_open_parts_waits_for_them(floor: Floor, ending: str) -> None:
    task = floor.done(delegate("ben", "Part", finish("what Ben found")), ending, finish("With what Ben found."))
    assert (floor.now(task).state, floor.now(task).result) == ("done", "With what Ben found.")
    assert waits(floor, task) == 1


def test_words_that_come_after_the_parts_have_ended_are_no_result_yet(floor: Floor) -> None:
    """The other order: nobody has read the results when the model says that it waits."""
    task = floor.task(delegate("ben", "Part", finish("what Ben found")), "sim: say I wait now.", finish("Read."))
    floor.die_after(2)
    floor.work()
    floor.take_back()
    floor.work()
    assert (floor.now(task).result, waits(floor, task)) == ("Read.", 0)


def test_a_part_that_fails_is_told_at_once_and_only_once(floor: Floor) -> None:
    agents.set_paused(floor.db, floor.actor, "cleo", True)
    parts = [delegate("ben", "Broken", "sim: empty"), delegate("cleo", "Slow", finish("slow but sure"))]
    task = floor.done(*parts, WAIT, WAIT, finish("Over."))
    assert "#2 Broken, by Ben: blocked." in floor.said(task)[2]
    assert floor.outcome(task) == ("waiting", "child", "in_progress")
    agents.set_paused(floor.db, floor.actor, "cleo", False)
    floor.work()
    assert "slow but sure" in floor.said(task)[3]
    assert "#2 Broken, by Ben: blocked." not in floor.said(task)[3]
    assert floor.outcome(task)[:2] == ("waiting", "child"), "the broken part is a person's now"
    lifecycle.cancel(floor.db, floor.actor, children(floor, task)[0].id)
    floor.work()
    assert floor.now(task).state == "done"


def test_a_part_that_is_cancelled_is_told_at_once(floor: Floor) -> None:
    agents.set_paused(floor.db, floor.actor, "ben", True)
    parts = [delegate("ben", f"Part {n}") for n in range(2)]
    task = floor.done(*parts, WAIT, tool("task.look"), finish("Enough."))
    lifecycle.cancel(floor.db, floor.actor, children(floor, task)[1].id)
    floor.work()
    assert "#3 Part 1, by Ben: cancelled." in floor.said(task)[2]
    assert "1 of 2 sub-tasks are open" in floor.said(task)[3]


def test_cancelling_a_parent_that_waits_ends_the_tree(floor: Floor) -> None:
    agents.set_paused(floor.db, floor.actor, "ben", True)
    task = floor.done(delegate("ben", "Part"), WAIT)
    lifecycle.cancel(floor.db, floor.actor, task.id)
    assert floor.outcome(task) == ("cancelled", "cancelled", "cancelled")
    assert [child.state for child in children(floor, task)] == ["cancelled"]


def test_a_retried_run_finds_what_the_same_plan_has_made(floor: Floor) -> None:
    part = delegate("ben", "Part", finish("found by Ben"), key="a")
    task = floor.done(part, WAIT, "sim: empty")
    assert floor.outcome(task)[:2] == ("incomplete", "empty_answer")
    lifecycle.retry(floor.db, floor.actor, task.id)
    floor.work()
    assert len(children(floor, task)) == 1
    assert "is #2 already, done, with ben" in floor.said(task)[0]


def test_a_new_plan_replaces_what_nobody_has_begun(floor: Floor) -> None:
    agents.set_paused(floor.db, floor.actor, "ben", True)
    old = [delegate("ben", "Old", key="a"), delegate("cleo", "Begun", finish("done by Cleo"), key="b")]
    new = delegate("cleo", "New", finish("newer"), key="a", plan=2, cancel_unstarted=True)
    task = floor.task(*old, new, WAIT, finish("Replaced."))
    floor.die_after(4)
    floor.work()
    floor.take_back()
    floor.work()
    states = [(child.title, child.plan_key, child.state) for child in children(floor, task)]
    assert states == [("Old", "1/a", "cancelled"), ("Begun", "1/b", "done"), ("New", "2/a", "done")]
    assert floor.said(task)[2].endswith("Cancelled from the old plan: #2.")
    assert (floor.now(task).state, floor.now(task).plan_revision) == ("done", 2)


def test_parts_whose_long_titles_begin_alike_are_all_made(floor: Floor) -> None:
    """Without keys titles are the names of items, and what is left out of a name must not make two of them one."""
    titles = [f"{'Read the interview and list what was agreed, ' * 3} number {n}" for n in range(2)]
    parts = [delegate("ben", title, finish("ok")) for title in (*titles, "Port it to C", "Port it to C++", titles[0])]
    task = floor.done(*parts, WAIT, finish("Over."))
    assert [child.title for child in children(floor, task)] == [*titles, "Port it to C", "Port it to C++"]


def test_an_old_plan_is_not_carried_out_any_more(floor: Floor) -> None:
    first, second = delegate("ben", "A", finish("a"), plan=1), delegate("ben", "A", finish("b"), plan=2)
    task = floor.done(first, second, delegate("ben", "B", plan=1), delegate("ben", "B", plan=7), finish(), finish())
    assert [child.title for child in children(floor, task)] == ["A", "A"]
    assert floor.said(task)[2] == "error: The plan of this task is at revision 2; revision 1 was replaced."
    assert floor.said(task)[3] == "error: plan: the next plan of this task is number 3"


def test_a_refusal_tells_whom_work_may_be_handed_to(floor: Floor) -> None:
    task = floor.done(delegate("zed", "Part"), delegate("nobody", "Part"), finish())
    assert floor.said(task)[:2] == [
        "error: Ada may not hand work to zed. It may hand work to: ben, cleo.",
        "error: to: there is no agent 'nobody'; this one may hand work to: ben, cleo",
    ]
    assert children(floor, task) == []


def test_limits_of_depth_and_width_are_told_in_a_sentence(floor: Floor) -> None:
    guards.change(floor.db, floor.actor, GuardsChange(task_depth=1, task_children=1))
    deeper = [tool("task.create", title="Below"), finish()]
    task = floor.done(delegate("ben", "One", *deeper), delegate("ben", "Two"), finish(), finish())
    assert floor.said(task)[1] == "error: Agents split a task into at most 1, and this one has as many. Go on here."
    [child] = children(floor, task)
    assert floor.said(child)[0].startswith("error: Work is handed down at most 1 levels, and this task is at the last.")


def test_what_is_handed_out_may_wait_for_other_items_and_has_checks_and_money(floor: Floor) -> None:
    budgets.put(floor.db, floor.actor, "tenant", "", "month", 1_000 * budgets.NANO)
    check = {"kind": "contains", "spec": {"text": "B"}}
    second = delegate(
        "cleo", "Second", finish("B"), key="b", after=["a"], checks=[check], budget_share=25, labels=["x"]
    )
    task = floor.task(
        delegate("cleo", "Odd", key="o", after=["nothing"]),
        delegate("cleo", "Run", checks=[{"kind": "command_exit_0", "spec": {"command": "true"}}]),
        delegate("ben", "First", finish("A"), key="a"),
        second,
        WAIT,
        finish(),
        budget_usd="8",
    )
    floor.work()
    assert "plan 1 has no item 'nothing' yet" in floor.said(task)[0]
    assert "is not valid" in floor.said(task)[1] or "not valid" in floor.said(task)[1]
    assert [(c.title, c.state, c.labels, c.checks_total) for c in children(floor, task)] == [
        ("First", "done", [], 0),
        ("Second", "done", ["x"], 1),
    ]
    [limit] = budgets.of(floor.db, "task", children(floor, task)[1].id)
    assert 1.9 < limit.limit_nano / budgets.NANO <= 2
    assert floor.now(task).state == "done"


def test_looking_round_tells_who_is_there_and_how_busy(floor: Floor) -> None:
    task = floor.done(tool("org.look"), finish())
    assert floor.said(task)[0].splitlines() == [
        "You are Ada (ada); you report to nobody.",
        "You may hand work to:",
        "- ben: Ben, reports to you; idle, 0 open tasks",
        "- cleo: Cleo, reports to you; idle, 0 open tasks",
    ]


def test_the_simulated_provider_leads_when_the_task_says_so_in_plain_words(floor: Floor) -> None:
    ask = (
        "Write report.md.\n\nHand each part to Ben and Cleo:\n- Collect the figures\n- Draw the chart\n- Check the sums"
    )
    task = floor.done(ask, title="Quarterly report")
    made = [(child.title, child.agent_slug, child.state) for child in children(floor, task)]
    assert made == [
        ("Collect the figures", "ben", "done"),
        ("Draw the chart", "cleo", "done"),
        ("Check the sums", "ben", "done"),
    ]
    assert floor.now(task).state == "done"
    assert [file.path for file in floor.files(task).files()] == ["report.md"]


def test_mistake_17_waiting_for_sub_tasks_is_no_lost_run(floor: Floor) -> None:
    agents.set_paused(floor.db, floor.actor, "ben", True)
    task = floor.done(delegate("ben", "Part", finish("at last")), WAIT, finish("Over."))
    with floor.later(3 * 86_400):
        floor.work()
        assert floor.outcome(task) == ("waiting", "child", "in_progress")
        assert why.why(floor.db, floor.now(task)).sentence == "It waits for 1 of 1 sub-tasks, first #2 Part."
        agents.set_paused(floor.db, floor.actor, "ben", False)
        floor.work()
    assert (floor.now(task).state, len(runs.of_task(floor.db, task.id))) == ("done", 1)
