"""What wakes an agent, what does not, and that nothing is done twice."""

from datetime import timedelta

import pytest

from appliance import clock
from appliance.domain import (
    agents,
    approvals,
    comments,
    decisions,
    lifecycle,
    runs,
    tasks,
    wake_rows,
    wakes,
)
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.approvals import Ask
from appliance.domain.task_forms import TaskChange
from appliance.errors import Problem
from tests.domain.waking import Office


def test_a_wake_becomes_a_run_that_says_why(office: Office) -> None:
    task = office.task(assignee="ada")
    [wake] = wake_rows.of_task(office.db, task.id)
    [run] = runs.of_task(office.db, task.id)
    assert (wake.state, wake.run_id, wake.reason, wake.depth) == ("run", run.id, "started", 0)
    assert (run.cause, run.cause_event, run.chain, run.lane) == ("started", wake.cause_event, wake.chain, "background")


@pytest.mark.parametrize(("verb", "reason"), [(lifecycle.start, "started"), (lifecycle.retry, "retried")])
def test_what_a_person_clicked_takes_the_lane_for_people(office: Office, verb: object, reason: str) -> None:
    task = office.resting() if reason == "started" else office.task(assignee="ada")
    if reason == "retried":
        office.fail(office.begin())
    verb(office.db, office.person, task.id)  # type: ignore[operator]
    run = runs.of_task(office.db, task.id)[0]
    assert (run.cause, run.lane, bool(run.retry_of)) == (reason, "interactive", reason == "retried")


def test_moving_an_ended_card_to_work_is_reopened(office: Office) -> None:
    task = office.finished(office.task(assignee="ada"))
    lifecycle.move(office.db, office.person, task.id, "in_progress")
    assert office.wakes(task)[-1] == ("reopened", "run")


def test_mistake_01_an_own_comment_never_wakes_self(office: Office) -> None:
    task = office.resting()
    comments.add(office.db, office.ada, task.id, "Note to self.")
    office.wake(task, "unblocked", office.ada)
    assert {(w.state, w.detail) for w in wake_rows.of_task(office.db, task.id)} == {
        ("dropped", "The agent caused this itself.")
    }
    assert office.runs(task) == []


def test_mistake_02_a_finished_task_wakes_nobody(office: Office) -> None:
    task = office.resting()
    office.db.update("tasks", {"id": task.id}, state="done")
    woken = office.wake(task)
    assert (woken.state, woken.detail, office.runs(task)) == ("skipped", "The task is done.", [])


def test_mistake_03_to_create_and_assign_wakes_once(office: Office) -> None:
    task = office.task(assignee="ada")
    tasks.change(office.db, office.person, task.id, TaskChange(assignee="ada"))
    assert (office.wakes(task), office.runs(task)) == ([("started", "run")], ["ready"])


def test_mistake_04_a_wake_does_not_survive_reassignment(office: Office) -> None:
    task = office.resting()
    office.wake(task, not_before=clock.ahead(60))
    tasks.change(office.db, office.person, task.id, TaskChange(assignee="ben"))
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        assert wakes.sweep(office.db) == 1
    [wake] = wake_rows.of_task(office.db, task.id)
    assert (wake.state, wake.detail) == ("skipped", "The task was given to somebody else.")
    assert office.runs(task) == []


def test_mistake_05_a_rule_that_makes_agents_comment_feeds_no_loop(office: Office) -> None:
    """Whoever works leaves a comment, on every task, for ever: nobody is woken by it."""
    task = office.resting()
    for author in (office.ben, office.ada, SYSTEM):
        comments.add(office.db, author, task.id, "Status: still at it.")
    assert {state for _, state in office.wakes(task)} == {"dropped"}
    assert office.runs(task) == []


@pytest.mark.parametrize("lost", ["done", "cancelled", "reassigned"])
def test_at_the_claim_nothing_to_do_is_no_model_call(office: Office, lost: str) -> None:
    task, other = office.task(assignee="ada"), office.task(assignee="ben")
    changed = {"agent_id": office.ben.id} if lost == "reassigned" else {"state": lost}
    office.db.update("tasks", {"id": task.id}, **changed)
    assert office.begin().task_id == other.id
    run = runs.of_task(office.db, task.id)[0]
    assert (run.state, run.failure_code, run.fence) == ("cancelled", "skipped", 0)
    assert office.calls() == 0


def test_a_queued_run_waits_for_a_blocker_put_later(office: Office) -> None:
    task, first = office.task(assignee="ada"), office.task()
    office.db.insert("task_blockers", {"task_id": task.id, "blocker_id": first.id, "on_cancel": "hold"})
    with pytest.raises(ValueError, match="not enough values"):
        office.begin()
    lifecycle.move(office.db, office.person, first.id, "done")
    assert office.begin().task_id == task.id


def test_a_persons_comment_wakes_an_agent_at_rest(office: Office) -> None:
    task = office.resting()
    comments.add(office.db, office.person, task.id, "Please begin with the summary.")
    assert (office.wakes(task), office.runs(task)) == ([("commented", "run")], ["ready"])


def test_a_comment_wakes_nobody_in_the_backlog_or_where_no_agent_is(office: Office) -> None:
    parked, alone = office.resting(), office.task()
    lifecycle.move(office.db, office.person, parked.id, "backlog")
    for task in (parked, alone):
        comments.add(office.db, office.person, task.id, "Any news?")
    assert office.wakes(parked) == [("commented", "skipped")]
    assert (office.wakes(alone), office.runs(parked)) == ([], [])


def test_two_reasons_are_one_run_that_keeps_both(office: Office) -> None:
    task = office.task(assignee="ada")
    comments.add(office.db, office.person, task.id, "Mind the tone.")
    assert office.runs(task) == ["ready"]
    first, second = reversed(wake_rows.of_task(office.db, task.id))
    assert (second.state, second.run_id) == ("coalesced", first.run_id)
    assert [cause["reason"] for cause in first.causes] == ["started", "commented"]


def test_what_waits_for_its_time_is_joined_and_made_earlier(office: Office) -> None:
    task = office.resting()
    office.wake(task, "unblocked", not_before=clock.ahead(60))
    office.wake(task, "child_ended", not_before=clock.ahead(30))
    assert office.wakes(task) == [("unblocked", "queued"), ("child_ended", "coalesced")]
    lifecycle.start(office.db, office.person, task.id)
    assert (office.runs(task), office.wakes(task)[0]) == (["ready"], ("unblocked", "run"))
    assert runs.of_task(office.db, task.id)[0].lane == "interactive"


def test_while_a_run_is_open_a_wake_waits_and_the_sweep_makes_one_run_of_it(office: Office) -> None:
    task = office.task(assignee="ada")
    run = office.begin()
    office.wake(task, "child_ended")
    office.wake(task, "unblocked")
    assert (wakes.sweep(office.db), office.runs(task)) == (0, ["running"])
    office.fail(run)
    assert (wakes.sweep(office.db), office.runs(task)) == (1, ["ready", "failed"])
    assert wakes.sweep(office.db) == 0


def test_a_removed_agent_is_not_woken(office: Office) -> None:
    task = office.resting()
    office.wake(task, not_before=clock.ahead(60))
    lifecycle.cancel(office.db, office.person, task.id)
    agents.delete(office.db, SYSTEM, "ada", reports_up=True)
    office.db.update("tasks", {"id": task.id}, state="todo")
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        wakes.sweep(office.db)
    assert wake_rows.of_task(office.db, task.id)[0].detail == "The agent was removed."


def test_an_answer_that_no_run_waits_for_wakes_the_agent(office: Office) -> None:
    task = office.resting()
    with office.db.transaction():
        asked = approvals.ask(office.db, office.ada, Ask("question", "Which colour?"), task_id=task.id)
    decisions.decide(office.db, office.person, asked.id, "answer", "Blue.")
    assert office.wakes(task) == [("answered", "run")]


def test_a_verdict_puts_the_run_into_the_lane_for_people(office: Office) -> None:
    task = office.task(assignee="ada")
    run = office.begin()
    with office.db.transaction():
        asked = approvals.ask(office.db, office.ada, Ask("question", "Which?"), task_id=task.id, run_id=run.id)
        runs.wait(office.db, run, "approval", None, "Asks.", asked.id)
    decisions.decide(office.db, office.person, asked.id, "answer", "This.")
    assert (office.runs(task), runs.get(office.db, run.id).lane) == (["ready"], "interactive")


def test_nobody_assigned_is_said_and_nothing_is_kept(office: Office) -> None:
    with pytest.raises(Problem, match="Nobody is assigned"):
        office.wake(office.task())
    assert office.counted() == {}


def test_a_chain_goes_on_one_deeper(office: Office) -> None:
    origin = office.begin() if office.task(assignee="ada") else None
    task = office.resting("ben")
    woken = office.wake(task, "started", office.ada, origin=origin)
    run = runs.of_task(office.db, task.id)[0]
    assert origin is not None
    assert (woken.chain, woken.depth, woken.origin_run) == (origin.chain, 1, origin.id)
    assert (run.chain, run.depth, run.origin_run) == (origin.chain, 1, origin.id)


def test_an_agent_may_start_its_own_other_task(office: Office) -> None:
    task = office.resting()
    actor = Actor("agent", office.ada.id, "Ada", "operator")
    assert office.wake(task, "started", actor).state == "run"
