"""A worker that lost its run can write nothing more; what its calls cost is booked all the same."""

import threading

import pytest

from appliance.domain import comments, endings, runs, steps, waits
from appliance.domain.actor import Actor
from appliance.domain.budgets import OverBudget
from appliance.domain.runs import FenceLost, Run
from appliance.engine import asking, runner, tooling
from appliance.engine.journal import Journal
from appliance.gateway.types import ChatRequest, Message
from tests.engine.floor import Floor, comment, finish
from tests.waiting import until


def taken_over(floor: Floor) -> tuple[Run, Run]:
    """One run in the hands of a worker that fell silent, and of the one that took it over."""
    floor.task(finish())
    zombie = floor.claim("silent")
    with floor.later(31):
        return zombie, floor.claim("awake")


def test_a_zombie_records_no_step(floor: Floor) -> None:
    zombie, _ = taken_over(floor)
    journal = Journal(floor.db, zombie, 30, floor.world.catalogue.files(floor.tenant.id))
    with pytest.raises(FenceLost):
        tooling.answer(journal, "workspace.list", "idempotent", {}, "c1", lambda _: "seen")
    assert steps.of_run(floor.db, zombie.id) == []
    assert steps.conversation(floor.db, zombie.id, floor.world.catalogue.files(floor.tenant.id)) == []


def test_a_zombies_effect_rolls_back_with_its_record(floor: Floor) -> None:
    zombie, _ = taken_over(floor)
    journal = Journal(floor.db, zombie, 30, floor.world.catalogue.files(floor.tenant.id))
    actor = Actor("agent", zombie.agent_id, "Ada", "operator")
    with pytest.raises(FenceLost):
        tooling.answer(journal, "task.comment", "tx", {}, "c1", lambda _: _comment(floor, actor, zombie))
    assert floor.db.value("SELECT COUNT(*) AS n FROM comments") == 0


def _comment(floor: Floor, actor: Actor, run: Run) -> str:
    comments.add(floor.db, actor, run.task_id, "From the dead")
    return "comment added"


@pytest.mark.parametrize("verb", ["end", "wait", "complete", "fail", "budget"])
def test_a_zombie_ends_nothing(floor: Floor, verb: str) -> None:
    zombie, holder = taken_over(floor)
    writes = {
        "end": lambda: runs.end(floor.db, zombie, "succeeded"),
        "wait": lambda: waits.for_time(floor.db, zombie, "timer", 5, "why"),
        "complete": lambda: endings.complete(floor.db, zombie, "result", {}),
        "fail": lambda: endings.fail(floor.db, zombie, "failed", "x", "why", "capability"),
        "budget": lambda: waits.for_budget(floor.db, zombie, OverBudget(1)),
    }
    with pytest.raises(FenceLost), floor.db.transaction():
        writes[verb]()
    now = runs.get(floor.db, zombie.id)
    assert (now.state, now.fence, now.lease_owner) == ("running", holder.fence, "awake")


def test_a_zombie_does_not_even_begin(floor: Floor) -> None:
    zombie, _ = taken_over(floor)
    with pytest.raises(FenceLost):
        runner.work(floor.db, floor.calls, floor.world.catalogue.files(floor.tenant.id), zombie, 30, threading.Event())
    assert floor.db.value("SELECT COUNT(*) AS n FROM calls") == 0


def test_a_zombies_call_is_paid_and_its_answer_is_void(floor: Floor) -> None:
    task = floor.task("sim: latency 400ms", "sim: usage in=1000 out=1000", comment("Once."), finish())
    pump = floor.new_pump("slow")
    thread = threading.Thread(target=pump.serve, args=(floor.tenant.id,))
    thread.start()
    until(floor.reserved)
    # The worker is deaf for longer than its lease: somebody else takes the run while its call is under way.
    floor.db.execute("UPDATE runs SET fence = fence + 1, lease_owner = 'awake'")
    thread.join(5)
    assert not thread.is_alive()
    calls = floor.ledger(task)
    assert [call.state for call in calls] != ["open"]
    assert floor.reserved() == 0
    assert floor.steps(task) == []
    assert floor.run(task).cost_nano == sum(call.cost_nano or 0 for call in calls)
    assert floor.run(task).state == "running"


def test_an_answer_after_the_takeover_costs_its_price(floor: Floor) -> None:
    task = floor.task()
    journal = Journal(floor.db, floor.claim("slow"), 30, floor.world.catalogue.files(floor.tenant.id))
    floor.db.execute("UPDATE runs SET fence = fence + 1, lease_owner = 'awake'")
    asked = ChatRequest("simulated", (Message("user", "sim: usage in=1000 out=1000"),))
    with pytest.raises(FenceLost):
        asking.ask(journal, floor.calls, asked, floor.ada.id, lambda reply: None)
    assert floor.steps(task) == []
    [call] = floor.ledger(task)
    assert call.state == "ok"
    assert floor.run(task).cost_nano == floor.now(task).cost_nano == call.cost_nano
    assert (call.cost_nano or 0) > 0
