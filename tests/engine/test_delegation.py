"""Delegation as a run does it: hand out, wait, go on with the results; killed anywhere, nothing is made twice."""

from contextlib import suppress
from typing import Any

import pytest

from appliance.db.database import Row
from appliance.domain import (
    agents,
    approvals,
    budgets,
    claims,
    decisions,
    events,
    guards,
    lifecycle,
    runs,
    tasks,
    wake_rows,
    why,
)
from appliance.domain.agent_forms import DEFAULT_TOOLS, LEADING_TOOLS
from appliance.domain.guards import GuardsChange
from appliance.domain.tasks import Task
from tests.engine.floor import Dead, Floor, comment, finish, tool

WAIT = tool("task.wait")


def delegate(to: str, title: str, *script: str, **more: Any) -> str:
    return tool("task.delegate", to=to, title=title, body="\n".join(script), **more)


@pytest.fixture
def floor(floor: Floor) -> Floor:
    """Ada leads Ben and Cleo."""
    lead = [*DEFAULT_TOOLS, *LEADING_TOOLS]
    floor.change_agent(tools=lead)
    floor.agent("ben", manager="ada", tools=lead)
    floor.agent("cleo", manager="ada")
    floor.agent("zed")
    return floor


def after_a_death(floor: Floor, steps: int) -> None:
    """A worker dies once so many steps are committed, whosever run that is; others go on, and take its run over."""
    left = [steps]

    def hear(tenant: str, told: list[Row]) -> None:
        left[0] -= sum(event["kind"] == "step.done" for event in told)
        if left[0] <= 0 < left[0] + 100:
            left[0] = -1000
            raise Dead

    floor.world.catalogue.subscribe(hear)
    for _ in range(50):
        with suppress(Dead):
            floor.new_pump("mortal").serve(floor.tenant.id)
    claims.release(floor.db, "lease_owner = 'mortal'", {})
    floor.work()


def waits(floor: Floor, task: Task) -> int:
    """How often its run waited for sub-tasks."""
    told = events.of_run(floor.db, task.id, floor.run(task).id)
    return sum(event.kind == "run.waiting" and event.data["reason"] == "child" for event in told)


def children(floor: Floor, task: Task) -> list[Task]:
    return tasks.children(floor.db, task.id)


def child_ends(floor: Floor, task: Task) -> list[tuple[str, str]]:
    return [(w.state, w.detail) for w in wake_rows.of_task(floor.db, task.id) if w.reason == "child_ended"]


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


@pytest.mark.parametrize(
    ("asked", "verdict", "note", "given", "answer"),
    [
        ({}, "answer", "On Friday.", {}, '{"text":"On Friday."}'),
        ({"choices": ["red", "blue"]}, "answer", "", {"option": "blue"}, '{"option":"blue"}'),
        ({"checklist": ["a", "b", "c"]}, "answer", "", {"options": ["c", "a"]}, '{"options":["a","c"]}'),
        ({"plan": ["one", "two"]}, "answer", "", {}, '{"plan":"confirmed","items":["one","two"]}'),
    ],
)
def test_a_person_is_asked_and_the_run_gets_the_typed_answer(
    floor: Floor, asked: dict[str, Any], verdict: str, note: str, given: dict[str, Any], answer: str
) -> None:
    task = floor.done(tool("task.ask", question="Which?", **asked), finish())
    assert floor.outcome(task) == ("waiting", "approval", "blocked")
    [question] = approvals.of_task(floor.db, task.id, "pending")
    decisions.decide(floor.db, floor.world.otto.actor, question.id, verdict, note, given)
    floor.work()
    assert floor.said(task)[0] == f"Otto answered: {answer}"
    assert floor.now(task).state == "done"


def test_the_manager_is_asked_first_and_answers_by_its_result(floor: Floor) -> None:
    """Ada waits for Ben while Ben waits for an answer of hers: neither holds the other up."""
    ask = tool("task.ask", question="Which colour?", detail=finish("Blue."))
    task = floor.task(delegate("ben", "Paint", ask, finish("Painted.")), WAIT, finish("Over."))
    floor.work()
    [child] = children(floor, task)
    [question] = children(floor, child)
    assert (question.agent_slug, question.title, question.state) == ("ada", "Question from Ben: Which colour?", "done")
    assert floor.said(child)[0] == "Ada answered: Blue."
    assert (floor.now(task).state, child.handed_why) == ("done", "")


@pytest.mark.parametrize("deaths", range(1, 9))
def test_a_kill_while_asking_asks_nobody_twice(floor: Floor, deaths: int) -> None:
    task = floor.task(tool("task.ask", question="Which?", detail=finish("This.")), finish(), assignee="ben")
    after_a_death(floor, deaths)
    assert [child.agent_slug for child in children(floor, task)] == ["ada"]
    assert floor.now(task).state == "done"


def test_a_question_that_can_not_be_asked_is_answered_with_why(floor: Floor) -> None:
    guards.change(floor.db, floor.actor, GuardsChange(task_children=1))
    first = tool("task.create", title="Mine")
    task = floor.task(first, tool("task.ask", question="Which?"), comment("Go on."), assignee="ben")
    after_a_death(floor, 5)
    assert floor.said(task)[1] == "error: Agents split a task into at most 1, and this one has as many. Go on here."
    assert floor.comments(task) == ["Go on."]


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
