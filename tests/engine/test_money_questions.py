"""When money holds work up: who is asked, how often, and what each answer does."""

from datetime import timedelta
from typing import Any

import pytest

from appliance import clock
from appliance.domain import (
    approvals,
    budget_alerts,
    budget_forms,
    budgets,
    decisions,
    events,
    lifecycle,
    limits,
    preferences,
    waits,
)
from appliance.domain.approvals import Approval
from appliance.domain.budget_forms import NewBudget
from appliance.domain.budget_words import NANO
from appliance.domain.scopes import Scope
from appliance.domain.tasks import Task
from appliance.errors import Problem
from tests.engine.floor import Floor, comment, finish


def questions(floor: Floor) -> list[Approval]:
    return [a for a in approvals.listing(floor.db).items if a.kind == "budget" and a.state == "pending"]


def answer(floor: Floor, option: str, usd: str = "", **given: Any) -> Approval:
    [asked] = questions(floor)
    said = {"option": option, "amount_usd": usd} | given
    return decisions.decide(floor.db, floor.actor, asked.id, "approve", given=said)


def keep(floor: Floor) -> None:
    decisions.decide(floor.db, floor.actor, questions(floor)[0].id, "reject")


def stopped(floor: Floor, count: int = 1, limit: int = 1) -> list[Task]:
    """Tasks that wait because the organisation may spend next to nothing this month."""
    budgets.put(floor.db, floor.actor, "tenant", "", "month", limit)
    tasks = [floor.task(comment("Once."), finish()) for _ in range(count)]
    floor.work()
    return tasks


def states(floor: Floor, tasks: list[Task]) -> set[str]:
    return {floor.now(task).state for task in tasks}


def test_one_question_is_asked_however_many_runs_a_budget_stops(floor: Floor) -> None:
    tasks = stopped(floor, 5)
    [asked] = questions(floor)
    assert asked.title == "The organisation needs more than the limit of $0.000000001 a month"
    assert [option.value for option in asked.options] == ["raise", "once"]
    for _ in range(3):
        floor.sweeper.sweep()
    assert questions(floor) == [asked] and states(floor, tasks) == {"blocked"}


def test_raising_the_limit_lets_all_of_them_go_on(floor: Floor) -> None:
    tasks = stopped(floor, 3)
    answer(floor, "raise", "5")
    floor.work()
    assert states(floor, tasks) == {"done"} and questions(floor) == []
    assert budgets.all(floor.db)[0].limit_nano == 5 * NANO


def test_what_is_allowed_once_ends_with_the_span(floor: Floor) -> None:
    tasks = stopped(floor, limit=0)
    answer(floor, "once", "5")
    floor.work()
    assert states(floor, tasks) == {"done"}
    [budget] = budgets.all(floor.db)
    assert (budget.limit_nano, budget.allowed_nano, budget.extra_until) == (0, 5 * NANO, budget.ends)
    with clock.frozen(clock.parse(budget.ends or "") + timedelta(seconds=1)):
        assert budgets.all(floor.db)[0].allowed_nano == 0
        assert floor.done(finish()).state == "blocked"


def test_a_question_is_asked_again_when_what_was_allowed_once_is_used_up(floor: Floor) -> None:
    stopped(floor, limit=0)
    answer(floor, "once", "0.000000001")
    floor.sweeper.sweep()
    assert len(questions(floor)) == 1


def test_kept_work_stays_stopped_and_nobody_is_asked_again_in_that_span(floor: Floor) -> None:
    tasks = stopped(floor, 2)
    keep(floor)
    later = floor.done(finish())
    floor.sweeper.sweep()
    assert (later.state, states(floor, tasks), questions(floor)) == ("blocked", {"blocked"}, [])
    with clock.frozen(clock.now() + timedelta(days=32)):
        floor.sweeper.sweep()
        assert len(questions(floor)) == 1, "another month is another question"


def test_changing_the_limit_directly_voids_the_question(floor: Floor) -> None:
    tasks = stopped(floor)
    [asked] = questions(floor)
    limits.create(floor.db, floor.actor, NewBudget("tenant", "month", "5"))
    assert approvals.get(floor.db, asked.id).state == "superseded"
    floor.work()
    assert states(floor, tasks) == {"done"} and questions(floor) == []


def test_a_limit_that_is_still_too_low_asks_about_the_new_one(floor: Floor) -> None:
    stopped(floor)
    [before] = questions(floor)
    limits.create(floor.db, floor.actor, NewBudget("tenant", "month", "0.000000002"))
    [after] = questions(floor)
    assert after.id != before.id and after.payload["limit_nano"] == 2


def test_a_run_that_another_budget_holds_next_asks_about_that_one(floor: Floor) -> None:
    budgets.put(floor.db, floor.actor, "agent", floor.ada.id, "day", 2)
    tasks = stopped(floor)
    answer(floor, "raise", "5")
    [asked] = questions(floor)
    assert asked.payload["scope"] == "agent"
    answer(floor, "raise", "5")
    floor.work()
    assert states(floor, tasks) == {"done"}


def test_a_question_behind_which_nobody_waits_is_taken_back(floor: Floor) -> None:
    [task] = stopped(floor)
    [asked] = questions(floor)
    lifecycle.cancel(floor.db, floor.actor, task.id)
    floor.sweeper.sweep()
    assert approvals.get(floor.db, asked.id).state == "withdrawn"


def test_a_stop_frees_the_worker_for_work_that_has_money(floor: Floor) -> None:
    floor.agent("ben")
    budgets.put(floor.db, floor.actor, "agent", floor.ada.id, "day", 0)
    held = floor.task(finish())
    free = floor.task(finish(), assignee="ben")
    floor.work()
    assert (floor.now(held).state, floor.now(free).state) == ("blocked", "done")
    assert floor.run(held).lease_owner == ""


def test_an_answer_out_of_proportion_has_to_be_confirmed(floor: Floor) -> None:
    tasks = stopped(floor)
    with pytest.raises(Problem) as refused:
        answer(floor, "raise", "20000")
    assert list(refused.value.errors) == ["confirm"] and len(questions(floor)) == 1
    answer(floor, "raise", "20000", confirm=True)
    floor.work()
    assert states(floor, tasks) == {"done"}


def test_only_an_admin_answers_for_money(floor: Floor) -> None:
    stopped(floor)
    [asked] = questions(floor)
    with pytest.raises(Problem, match="needs the role admin"):
        decisions.decide(floor.db, floor.world.otto.actor, asked.id, "reject")


@pytest.fixture
def uncovered(floor: Floor) -> Floor:
    """Ada's account costs money, and nobody has set a budget."""
    floor.account("openai-compatible", "http://127.0.0.1:9/v1", "gpt-4o")
    budgets.put(floor.db, floor.actor, "tenant", "", "month", None)
    return floor


def test_mistake_20_without_any_budget_the_first_run_asks_and_the_next_waits_with_it(uncovered: Floor) -> None:
    tasks = [uncovered.done(finish()) for _ in range(3)]
    [asked] = questions(uncovered)
    assert (asked.title, uncovered.reserved()) == ("No budget covers this work", 0)
    assert [option.value for option in asked.options] == ["cap", "task", "uncapped"]
    assert {uncovered.outcome(task) for task in tasks} == {("waiting", "budget", "blocked")}


def test_a_monthly_cap_covers_all_of_them(uncovered: Floor) -> None:
    tasks = [uncovered.done(finish()) for _ in range(2)]
    answer(uncovered, "cap", "25")
    [budget] = budgets.all(uncovered.db)
    assert (budget.scope, budget.span, budget.limit_nano) == ("tenant", "month", 25 * NANO)
    assert {uncovered.run(task).state for task in tasks} == {"ready"}


def test_one_task_can_be_allowed_and_the_others_ask_on(uncovered: Floor) -> None:
    first, second = (uncovered.done(finish()) for _ in range(2))
    answer(uncovered, "task", "2")
    assert (uncovered.run(first).state, uncovered.run(second).state) == ("ready", "waiting")
    uncovered.sweeper.sweep()
    assert len(questions(uncovered)) == 1


def test_work_that_is_allowed_goes_on_however_many_uncovered_runs_stand_before_it(
    uncovered: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "BATCH", 2)
    *others, last = [uncovered.done(finish()) for _ in range(4)]
    limits.create(uncovered.db, uncovered.actor, NewBudget("task", "lifetime", "5", last.id))
    uncovered.sweeper.sweep()
    uncovered.work()
    assert uncovered.run(last).reason != "budget"
    assert {uncovered.run(task).reason for task in others} == {"budget"}
    assert len(questions(uncovered)) == 1


def test_the_last_run_behind_a_question_may_end_while_the_sweep_looks(floor: Floor) -> None:
    [task] = stopped(floor)
    key = floor.run(task).wait_key
    lifecycle.cancel(floor.db, floor.actor, task.id)
    limits.change(floor.db, floor.actor, budgets.of(floor.db, "tenant")[0].id, budget_forms.BudgetChange("0"))
    # As after its first look, when the run was still there.
    with floor.db.transaction():
        assert waits._behind(floor.db, floor.actor, key, 1) == 0


def test_work_without_a_cap_is_a_choice_that_is_recorded(uncovered: Floor) -> None:
    task = uncovered.done(finish())
    answer(uncovered, "uncapped")
    assert preferences.get(uncovered.db, "uncapped") is True
    kinds = [event.kind for event in events.recent(uncovered.db, 20)]
    assert "preference.changed" in kinds
    assert uncovered.run(task).state == "ready"


def test_simulated_work_asks_nobody(floor: Floor) -> None:
    assert floor.done(finish()).state == "done" and questions(floor) == []


def test_alerts_come_once_for_each_threshold_in_a_span(floor: Floor) -> None:
    floor.done(finish(), title="Measure")
    [budget] = budgets.all(floor.db) or [limits.create(floor.db, floor.actor, NewBudget("tenant", "month", "1"))]
    for percent in (30, 55, 60, 100, 120):
        add = budget.limit_nano * percent // 100 - budgets.get(floor.db, budget.id).spent_nano
        floor.db.execute("UPDATE spent SET settled_nano = settled_nano + :add WHERE scope = 'tenant'", {"add": add})
        for _ in range(2):
            budget_alerts.note(floor.db, (Scope("tenant", ""),))
    told = [event.data["percent"] for event in events.recent(floor.db, 50) if event.kind == "budget.alert"]
    assert told == [100, 50]
    with clock.frozen(clock.parse(budget.ends or "")):
        budget_alerts.note(floor.db, (Scope("tenant", ""),))
        assert budget_alerts.told(budgets.get(floor.db, budget.id)) == 0


def test_a_call_that_passes_a_threshold_tells(floor: Floor) -> None:
    budgets.put(floor.db, floor.actor, "tenant", "", "month", NANO)
    floor.done(finish(), title="Spend")
    add = {"add": NANO // 2 - budgets.all(floor.db)[0].spent_nano - 1}
    floor.db.execute("UPDATE spent SET settled_nano = settled_nano + :add WHERE scope = 'tenant'", add)
    floor.done(finish())
    assert any(event.kind == "budget.alert" for event in events.recent(floor.db, 50))
