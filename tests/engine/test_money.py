"""A budget that stops: nothing is sent without money, and work goes on by itself once there is some."""

from datetime import timedelta

from appliance import clock
from appliance.domain import agents, budgets, events, lifecycle, limits, runs, spent
from appliance.domain.agent_forms import AgentChange
from appliance.domain.budget_forms import NewBudget
from appliance.domain.budget_words import NANO
from tests.engine.floor import Floor, comment, finish


def test_without_money_nothing_is_sent_and_the_task_says_so(floor: Floor) -> None:
    budgets.put(floor.db, floor.actor, "tenant", "", "month", 0)
    task = floor.done(finish())
    assert floor.outcome(task) == ("waiting", "budget", "blocked")
    assert task.blocked_reason == "budget"
    assert "The organisation may spend $0.00 this month" in task.blocked_detail
    assert "Raise the budget to go on." in task.blocked_detail
    assert (floor.ledger(task), floor.reserved()) == ([], 0)


def test_raising_the_budget_lets_the_run_go_on_by_itself(floor: Floor) -> None:
    budgets.put(floor.db, floor.actor, "tenant", "", "month", 0)
    task = floor.done(comment("Once."), finish())
    with floor.engine():
        limits.create(floor.db, floor.actor, NewBudget("tenant", "month", "5"))
        floor.until(task, "done")
    assert (floor.run(task).attempt, floor.comments(task)) == (1, ["Once."])
    assert floor.now(task).blocked_reason == ""


def test_a_raise_that_is_not_enough_leaves_it_waiting(floor: Floor) -> None:
    limits.create(floor.db, floor.actor, NewBudget("tenant", "month", "0"))
    task = floor.done(finish())
    limits.create(floor.db, floor.actor, NewBudget("tenant", "month", "0.000001"))
    floor.work()
    assert floor.outcome(task) == ("waiting", "budget", "blocked")


def test_a_new_day_lets_it_go_on(floor: Floor) -> None:
    spent = floor.done(finish(), title="Spend")
    room = int(floor.db.value("SELECT MAX(estimate_nano) AS n FROM calls"))
    budgets.put(floor.db, floor.actor, "tenant", "", "day", max(floor.now(spent).cost_nano, 1) + room - 1)
    task = floor.done(finish())
    floor.sweeper.sweep()
    floor.work()
    assert floor.outcome(task) == ("waiting", "budget", "blocked")
    with clock.frozen(clock.now() + timedelta(days=1)):
        floor.sweeper.sweep()
        floor.work()
        assert floor.now(task).state == "done"


def test_an_agents_larger_month_lets_it_go_on(floor: Floor) -> None:
    agents.change(floor.db, floor.actor, "ada", AgentChange(budget_usd_month="0"))
    task = floor.done(finish())
    assert floor.outcome(task) == ("waiting", "budget", "blocked")
    agents.change(floor.db, floor.actor, "ada", AgentChange(budget_usd_month="5"))
    floor.sweeper.sweep()
    floor.work()
    assert floor.now(task).state == "done"


def test_waiting_for_money_again_and_again_is_no_death(floor: Floor) -> None:
    budgets.put(floor.db, floor.actor, "tenant", "", "month", 0)
    task = floor.done(finish())
    for _ in range(6):
        runs.wake(floor.db, floor.run(task).id)
        floor.work()
    assert floor.outcome(task) == ("waiting", "budget", "blocked")
    assert floor.run(task).claims_without_progress == 0


def test_a_sweep_without_new_money_wakes_nobody(floor: Floor) -> None:
    budgets.put(floor.db, floor.actor, "tenant", "", "month", 1)
    floor.done(finish())
    before = events.last(floor.db)
    for _ in range(3):
        floor.sweeper.sweep()
    assert events.last(floor.db) == before


def test_a_budget_stops_in_the_middle_and_what_was_done_is_not_repeated(floor: Floor) -> None:
    price = ("sim: usage in=1000 out=1000", comment("One."), comment("Two."), finish())
    cost = floor.ledger(floor.done(*price, title="Measure"))[0].cost_nano or 0
    limits.create(floor.db, floor.actor, NewBudget("agent", "lifetime", "0.00", "ada"))
    task = floor.task(*price)
    spent = floor.db.value("SELECT SUM(cost_nano) AS n FROM calls")
    estimate = int(floor.db.value("SELECT MAX(estimate_nano) AS n FROM calls"))
    budgets.put(floor.db, floor.actor, "agent", floor.ada.id, "lifetime", int(spent) + estimate + cost // 2)
    floor.work()
    assert floor.outcome(task) == ("waiting", "budget", "blocked")
    done = floor.comments(task)
    assert done
    limits.create(floor.db, floor.actor, NewBudget("agent", "lifetime", "50", "ada"))
    floor.work()
    assert floor.now(task).state == "done"
    assert floor.comments(task) == ["One.", "Two."]
    assert [call.state for call in floor.ledger(task)] == ["ok"] * 3


def test_one_budget_that_stops_leaves_other_agents_at_work(floor: Floor) -> None:
    floor.agent("ben")
    limits.create(floor.db, floor.actor, NewBudget("agent", "day", "0", "ada"))
    assert floor.done(finish()).state == "blocked"
    assert floor.done(finish(), assignee="ben").state == "done"


def test_a_tasks_own_budget_stops_that_task(floor: Floor) -> None:
    task = floor.done(finish(), budget_usd="0")
    assert floor.outcome(task) == ("waiting", "budget", "blocked")
    assert "This task may spend $0.00 in all" in task.blocked_detail


def test_work_that_waits_for_money_can_be_cancelled(floor: Floor) -> None:
    task = floor.done(finish(), budget_usd="0")
    lifecycle.cancel(floor.db, floor.actor, task.id)
    limits.create(floor.db, floor.actor, NewBudget("task", "lifetime", "5", task.id))
    floor.work()
    assert floor.outcome(task)[::2] == ("cancelled", "cancelled")


def test_the_ledger_the_run_the_task_and_the_budget_agree(floor: Floor) -> None:
    budgets.put(floor.db, floor.actor, "tenant", "", "month", 100 * NANO)
    work = [
        floor.done(comment("x"), "sim: fail 500 x2", finish(), title="a"),
        floor.done("sim: empty", title="b"),
        floor.done("sim: tool none {}", finish(), title="c"),
    ]
    for task in work:
        booked = sum(call.cost_nano or 0 for call in floor.ledger(task))
        recorded = sum(step.cost_nano for step in floor.steps(task))
        assert floor.now(task).cost_nano == floor.run(task).cost_nano == booked == recorded > 0
    [budget] = budgets.of(floor.db, "tenant")
    assert budget.spent_nano == sum(floor.now(task).cost_nano for task in work)
    assert budget.reserved_nano == 0


def test_mistake_40_a_run_again_adds_to_the_cost_of_the_first(floor: Floor) -> None:
    budgets.put(floor.db, floor.actor, "tenant", "", "month", 100 * NANO)
    task = floor.done("sim: fail 400 x9")
    first = floor.done(comment("x"), "sim: empty", title="Spends, then ends with nothing")
    assert floor.run(first).state in ("failed", "incomplete") and first.cost_nano > 0
    lifecycle.retry(floor.db, floor.actor, first.id)
    floor.work()
    tried = runs.of_task(floor.db, first.id)
    assert len(tried) == 2 and tried[1].cost_nano == first.cost_nano
    assert floor.now(first).cost_nano == sum(run.cost_nano for run in tried)
    assert spent.of(floor.db, "task", first.id, "lifetime") == floor.now(first).cost_nano
    assert {run.id: spent.of(floor.db, "run", run.id, "lifetime") for run in tried} == {
        run.id: run.cost_nano for run in tried
    }
    assert floor.now(task).cost_nano == 0
