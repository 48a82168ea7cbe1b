import threading

import pytest

from appliance import clock, ids
from appliance.domain import agents, budgets, limits, runs, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.budget_forms import BudgetChange, NewBudget
from appliance.domain.budget_words import NANO
from appliance.domain.scopes import Scope
from appliance.domain.task_forms import NewTask
from appliance.errors import Problem
from tests.world import World

TENANT = Scope("tenant", "")


def reserve(db, amount: int, *scopes: Scope) -> str:
    call_id = ids.new()
    with db.transaction():
        budgets.reserve(db, call_id, scopes or (TENANT,), amount, "test")
    return call_id


def settle(db, call_id: str, cost: int) -> None:
    with db.transaction():
        budgets.settle(db, call_id, cost)


@pytest.mark.parametrize(
    ("text", "nano"),
    [
        ("12.50", 12_500_000_000),
        (" $1,234.5 ", 1_234_500_000_000),
        (0, 0),
        (0.1, 100_000_000),
        ("0.000000001", 1),
        (9_000_000, 9_000_000 * NANO),
    ],
)
def test_dollars_become_nano_dollars_exactly(text: str | float, nano: int) -> None:
    assert budgets.nano(text) == nano


@pytest.mark.parametrize("text", ["", "much", "NaN", "Infinity", "-1", "9000000.01", "1e999999999", True, None])
def test_what_is_no_amount_is_refused_by_its_field(text: object) -> None:
    with pytest.raises(Problem) as refused:
        budgets.nano(text, "cap")  # type: ignore[arg-type]
    assert list(refused.value.errors) == ["cap"]


def test_a_reservation_counts_until_it_is_settled(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 1_000)
        call = reserve(db, 600)
        assert budgets.all(db)[0].left_nano == 400
        settle(db, call, 250)
        used = budgets.all(db)[0]
        assert (used.spent_nano, used.reserved_nano, used.left_nano) == (250, 0, 750)


def test_a_call_that_does_not_fit_reserves_nothing_anywhere(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 1_000_000_000)
        budgets.put(db, SYSTEM, "agent", "a-1", "day", 100)
        with pytest.raises(Problem) as refused:
            reserve(db, 101, TENANT, Scope("agent", "a-1"))
        assert refused.value.code == "budget_exceeded"
        assert "This agent may spend $0.000000100 today" in refused.value.detail
        assert "Raise the budget" in refused.value.detail
        assert {b.reserved_nano for b in budgets.all(db)} == {0}


def test_the_last_nano_dollar_can_be_spent(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 1_000)
        settle(db, reserve(db, 1_000), 1_000)
        with pytest.raises(Problem):
            reserve(db, 1)


def test_zero_means_stop_even_for_a_call_that_costs_nothing(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 0)
        with pytest.raises(Problem):
            reserve(db, 0)


def test_mistake_22_a_cost_above_the_reservation_is_booked_in_full(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 1_000)
        settle(db, reserve(db, 900), 5_000)
        assert budgets.all(db)[0].spent_nano == 5_000
        with pytest.raises(Problem):
            reserve(db, 0)


def test_changing_or_removing_a_limit_keeps_what_was_counted(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 1_000)
        settle(db, reserve(db, 700), 700)
        budgets.put(db, SYSTEM, "tenant", "", "month", 2_000)
        assert budgets.all(db)[0].spent_nano == 700
        budgets.put(db, SYSTEM, "tenant", "", "month", None)
        assert budgets.all(db) == []
        budgets.put(db, SYSTEM, "tenant", "", "month", 3_000)
        assert budgets.all(db)[0].spent_nano == 700


@pytest.mark.parametrize(("span", "counted"), [("hour", 1), ("day", 3), ("month", 7), ("lifetime", 15)])
def test_a_span_counts_what_was_spent_in_it_before_the_limit_was_set(world: World, span: str, counted: int) -> None:
    with world.db() as db:
        for at, cost in (("23T12:59", 1), ("23T11:59", 2), ("01T00:00", 4)):
            with clock.frozen(clock.parse(f"2026-11-{at}")):
                settle(db, reserve(db, 0), cost)
        with clock.frozen(clock.parse("2026-10-31T23:59")):
            settle(db, reserve(db, 0), 8)
        with clock.frozen(clock.parse("2026-11-23T12:00")):
            budgets.put(db, SYSTEM, "tenant", "", span, 1_000)
            assert budgets.all(db)[0].spent_nano == counted


def test_64_callers_at_once_never_hold_more_than_the_limit(world: World) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 1_000)
    held: list[str] = []
    start = threading.Barrier(16)

    def caller() -> None:
        with world.db() as db:
            start.wait()
            for _ in range(4):
                try:
                    held.append(reserve(db, 100))
                except Problem as problem:
                    assert problem.code == "budget_exceeded"

    threads = [threading.Thread(target=caller) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with world.db() as db:
        assert len(held) == 10
        assert budgets.all(db)[0].reserved_nano == 1_000


def test_a_limit_for_an_agent_or_task_is_set_by_the_name_people_use(world: World) -> None:
    with world.db() as db:
        agents.create(db, SYSTEM, NewAgent("mara", "Mara Quill", "Write.", "simulated"))
        task = tasks.create(db, SYSTEM, NewTask("Draft"))
        named = limits.create(db, SYSTEM, NewBudget("agent", "month", 5, "mara"))
        numbered = limits.create(db, SYSTEM, NewBudget("task", "lifetime", "0.50", str(task.number)))
        assert (named.scope_name, numbered.scope_name) == ("Mara Quill", "#1 Draft")
        assert numbered.scope_id == task.id


def test_the_tenants_budgets_come_first(world: World) -> None:
    with world.db() as db:
        for scope in ("agent", "tenant", "task"):
            budgets.put(db, SYSTEM, scope, "" if scope == "tenant" else "x", "month", 1)
        assert [b.scope for b in budgets.all(db)] == ["tenant", "agent", "task"]


def test_only_an_admin_may_say_what_is_spent(world: World) -> None:
    with world.db() as db:
        made = limits.create(db, world.alice.actor, NewBudget("tenant", "month", 5))
        for attempt in (
            lambda: limits.create(db, world.otto.actor, NewBudget("tenant", "day", 5)),
            lambda: limits.change(db, world.otto.actor, made.id, BudgetChange(9)),
        ):
            with pytest.raises(Problem) as refused:
                attempt()
            assert refused.value.code == "forbidden"


def test_work_that_waited_for_money_goes_on_when_a_limit_changes(world: World) -> None:
    with world.db() as db:
        agents.create(db, SYSTEM, NewAgent("mara", "Mara Quill", "Write.", "simulated"))
        task = tasks.create(db, SYSTEM, NewTask("Draft", assignee="mara"))
        (run,) = runs.of_task(db, task.id)
        db.update("runs", {"id": run.id}, state="waiting", reason="budget")
        limits.create(db, SYSTEM, NewBudget("tenant", "month", 50))
        assert runs.get(db, run.id).state == "ready"
