"""Loops are stopped with one question; what is held, what is let through, and what is remembered."""

from datetime import timedelta

import pytest

from appliance import clock
from appliance.domain import (
    approvals,
    budgets,
    claims,
    comments,
    decisions,
    guards,
    lifecycle,
    loops,
    runs,
    wakes,
)
from appliance.domain.actor import SYSTEM
from appliance.domain.guards import GuardsChange
from appliance.domain.tasks import Task
from appliance.domain.wake_rows import Wake
from appliance.errors import Problem
from tests.domain.waking import Office


def again(office: Office, task: Task, times: int = 1, reason: str = "child_ended") -> Wake:
    """Wake, claim and fail, over and over, as a loop does."""
    for _ in range(times):
        woken = office.wake(task, reason)
        if woken.state == "run":
            office.fail(office.begin())
    return woken


def trip(office: Office, task: Task, most: int = 60) -> int:
    """Go round until it is stopped; how many runs that took."""
    return next(n for n in range(most) if again(office, task).state == "tripped")


def test_a_loop_without_progress_is_held_and_asked_about_once(office: Office) -> None:
    task = office.resting()
    assert trip(office, task) == 5
    assert again(office, task, 10).state == "tripped"
    [asked] = office.breakers()
    assert (asked.task_id, asked.title) == (task.id, f"Ada seems to go round in circles on #{task.number} T")
    assert "5 runs led to nothing new" in asked.detail
    assert len(office.runs(task)) == 5


def test_another_reason_and_another_task_are_counted_apart(office: Office) -> None:
    task, other = office.resting(), office.resting()
    trip(office, task)
    assert again(office, task, reason="unblocked").state == "run"
    assert again(office, other).state == "run"


def test_mistake_06_a_worker_that_dies_at_the_start_counts(office: Office) -> None:
    """Each run is claimed and lost before its first heartbeat: parked after five, and the breaker knows of it."""
    task = office.resting()
    office.wake(task)
    for n in range(5):
        assert office.begin().claims_without_progress == n + 1
        claims.release(office.db, "lease_owner = :owner", {"owner": "w"})
    run = runs.of_task(office.db, task.id)[0]
    assert (run.state, run.reason) == ("parked", "poison")
    assert office.db.value("SELECT failures FROM breakers WHERE scope = 'task'") == 1


def test_mistake_08_letting_it_go_on_does_not_clear_its_memory(office: Office) -> None:
    task = office.resting()
    first = trip(office, task)
    decisions.decide(office.db, office.person, office.breakers()[0].id, "approve")
    assert office.runs(task)[0] == "ready"
    office.fail(office.begin())
    assert 1 + trip(office, task) < first
    assert len(office.breakers()) == 1


def test_a_yes_lets_the_newest_held_wake_go_on_as_one_run(office: Office) -> None:
    task = office.resting()
    trip(office, task)
    again(office, task, 3)
    decisions.decide(office.db, office.person, office.breakers()[0].id, "approve")
    assert office.runs(task)[0] == "ready"
    assert office.counted()["tripped"] == 0
    assert runs.of_task(office.db, task.id)[0].lane == "interactive"


def test_a_no_keeps_it_stopped_without_asking_again(office: Office) -> None:
    task = office.resting()
    trip(office, task)
    decisions.decide(office.db, office.person, office.breakers()[0].id, "reject")
    assert again(office, task).state == "tripped"
    assert office.breakers() == []


@pytest.mark.parametrize("decided", [True, False])
def test_a_person_who_starts_it_closes_the_breaker(office: Office, decided: bool) -> None:
    task = office.resting()
    trip(office, task)
    asked = office.breakers()[0]
    if decided:
        decisions.decide(office.db, office.person, asked.id, "reject")
    lifecycle.retry(office.db, office.person, task.id)
    assert office.runs(task)[0] == "ready"
    assert approvals.get(office.db, asked.id).state == ("rejected" if decided else "withdrawn")
    office.fail(office.begin())
    assert again(office, task).state == "run"


def test_an_agent_can_not_decide_about_its_own_loop(office: Office) -> None:
    trip(office, office.resting())
    with pytest.raises(Problem, match="Only a person"):
        decisions.decide(office.db, office.ada, office.breakers()[0].id, "approve")


@pytest.mark.parametrize("progress", ["comment", "child"])
def test_progress_begins_the_count_anew(office: Office, progress: str) -> None:
    task = office.resting()
    again(office, task, 4)
    if progress == "comment":
        comments.add(office.db, office.person, task.id, "Go on.")
        office.fail(office.begin())
    else:
        child = office.task(parent_id=task.id)
        office.db.update("tasks", {"id": child.id}, state="done", finished_at=clock.ahead(1))
    assert again(office, task, 4).state == "run"


def test_an_own_comment_is_no_progress(office: Office) -> None:
    task = office.resting()
    for _ in range(5):
        comments.add(office.db, office.ada, task.id, "Still trying.")
        again(office, task)
    assert again(office, task).state == "tripped"


def test_what_people_start_is_never_held(office: Office) -> None:
    task = office.task(assignee="ada")
    for _ in range(8):
        office.fail(office.begin())
        lifecycle.retry(office.db, office.person, task.id)
    assert (office.breakers(), office.counted()["tripped"]) == ([], 0)


def test_two_agents_that_wake_each_other_are_stopped_by_their_chain(office: Office) -> None:
    guards.change(office.db, SYSTEM, GuardsChange(breaker_chain=6, breaker_runs=100, wake_depth=100))
    pair = [office.resting("ada"), office.resting("ben")]
    office.wake(pair[0])
    for n in range(20):
        run = office.begin()
        woken = office.wake(pair[(n + 1) % 2], origin=run)
        office.fail(run)
        if woken.state == "tripped":
            break
    assert (woken.state, n) == ("tripped", 6)
    assert len(office.breakers()) == 1


def test_a_chain_too_deep_is_dropped_and_a_yes_lets_it_go_deeper(office: Office) -> None:
    guards.change(office.db, SYSTEM, GuardsChange(wake_depth=2))
    office.task(assignee="ada")
    for depth in range(1, 4):
        task = office.resting("ben")
        woken = office.wake(task, "started", origin=office.begin())
        assert woken.state == ("run" if depth <= 2 else "dropped")
    [asked] = office.breakers()
    assert "3 deep" in asked.detail
    decisions.decide(office.db, office.person, asked.id, "approve")
    assert office.runs(task) == ["ready"]


def test_one_run_wakes_only_so_many(office: Office) -> None:
    guards.change(office.db, SYSTEM, GuardsChange(wake_fanout=3))
    office.task(assignee="ada")
    origin = office.begin()
    states = [office.wake(office.resting("ben"), "started", office.ada, origin=origin).state for _ in range(6)]
    assert states == ["run"] * 3 + ["dropped"] * 3
    assert len(office.breakers()) == 1


def spend(office: Office, usd: float) -> None:
    office.db.execute("UPDATE runs SET cost_nano = :nano", {"nano": round(usd * 1e9)})


def test_a_loop_that_spends_too_fast_is_stopped_before_it_has_gone_round_often(office: Office) -> None:
    guards.change(office.db, SYSTEM, GuardsChange(breaker_usd_per_hour=1.0))
    task = office.resting()
    again(office, task)
    spend(office, 1.5)
    assert again(office, task).state == "tripped"
    assert "It spent $1.50 within an hour; $1.00 is what it may." in office.breakers()[0].detail


@pytest.mark.parametrize(("budget", "state"), [(True, "tripped"), (False, "run")])
def test_with_a_budget_three_times_the_usual_hour_is_too_fast(office: Office, budget: bool, state: str) -> None:
    for hours in (30, 20, 10):
        with clock.frozen(clock.now() - timedelta(hours=hours)):
            office.task(assignee="ada")
            office.fail(office.begin())
    spend(office, 0.1)
    if budget:
        budgets.put(office.db, SYSTEM, "tenant", "", "month", 100 * 10**9)
    task = office.resting()
    again(office, task)
    office.db.update("runs", {"task_id": task.id}, cost_nano=4 * 10**8)
    assert again(office, task).state == state


def test_limits_are_numbers_of_a_size(office: Office) -> None:
    for fields in ({"max_running": 0}, {"wake_depth": 10**6}, {"breaker_usd_per_hour": -1.0}):
        with pytest.raises(Problem) as caught:
            guards.change(office.db, SYSTEM, GuardsChange(**fields))
        assert caught.value.errors.keys() == fields.keys()
    assert guards.of(office.db).wake_depth == 8


def test_counts_that_never_stopped_anything_are_forgotten_after_a_week(office: Office) -> None:
    task = office.resting()
    again(office, task)
    with clock.frozen(clock.now() + timedelta(days=8)):
        assert loops.prune(office.db) == 1
    trip(office, task)
    with clock.frozen(clock.now() + timedelta(days=8)):
        loops.prune(office.db)
    assert office.db.value("SELECT COUNT(*) AS n FROM breakers WHERE scope = 'task'") == 1


def test_a_held_wake_is_no_run_after_a_sweep(office: Office) -> None:
    task = office.resting()
    trip(office, task)
    assert (wakes.sweep(office.db), office.runs(task)[0]) == (0, "failed")
