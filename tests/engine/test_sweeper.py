"""Once a second: due timers, silent workers, lost calls; at start: what a dead process left behind."""

import threading

import pytest

from appliance.calls import Caller
from appliance.db.database import Database
from appliance.domain import budgets, claims, ledger, lifecycle, runs, tenants, workers
from appliance.domain.budget_words import NANO
from appliance.domain.ledger import Opening
from appliance.domain.runs import Run
from appliance.engine import engine
from appliance.engine.sweeper import Sweeper
from appliance.gateway.client import Gateway
from tests.engine.floor import Floor, comment, finish
from tests.waiting import until

# No process has such a number.
NOBODY = 2**30


def test_a_due_timer_fires_and_an_early_one_does_not(floor: Floor) -> None:
    task = floor.done("sim: fail 429 retry-after 60 x1", comment("Back."), finish())
    with floor.later(30):
        assert floor.run(task).state == "waiting"
    with floor.later(200):
        floor.work()
        assert floor.now(task).state == "done"
    assert floor.comments(task) == ["Back."]


def test_a_silent_workers_run_is_taken_back(floor: Floor) -> None:
    task = floor.task(finish())
    floor.claim("silent")
    with floor.later(29):
        assert floor.run(task).state == "running"
    with floor.later(31):
        assert floor.run(task).state == "ready"
        floor.work()
    assert floor.now(task).state == "done"


def test_five_deaths_at_one_step_park_the_run(floor: Floor) -> None:
    task = floor.task(finish())
    for n in range(claims.MAX_WITHOUT_PROGRESS):
        assert floor.claim(f"w{n}").fence == n + 1
        claims.release(floor.db, "lease_owner = :owner", {"owner": f"w{n}"})
    assert floor.outcome(task) == ("parked", "poison", "blocked")
    found = floor.now(task)
    assert found.blocked_reason == "needs_decision"
    assert "died five times" in found.blocked_detail
    floor.work()
    assert floor.ledger(task) == []


def test_giving_a_run_back_is_no_death(floor: Floor) -> None:
    """A server that is stopped again and again in the middle of the same long step parks nothing."""
    task = floor.task(finish())
    for _ in range(claims.MAX_WITHOUT_PROGRESS + 1):
        claims.give_back(floor.db, floor.claim("stopped"))
    floor.work()
    assert floor.now(task).state == "done"


def test_a_parked_run_can_be_tried_again(floor: Floor) -> None:
    task = floor.task(finish())
    floor.db.execute("UPDATE runs SET claims_without_progress = 4")
    floor.claim("w")
    floor.take_back("w")
    lifecycle.retry(floor.db, floor.actor, task.id)
    floor.work()
    assert floor.now(task).state == "done"
    assert [run.state for run in runs.of_task(floor.db, task.id)] == ["succeeded", "cancelled"]


def test_progress_forgets_earlier_deaths(floor: Floor) -> None:
    task = floor.task(*(comment(f"{n}") for n in range(12)), finish())
    for _ in range(8):
        floor.die_after(1)
        floor.take_back()
    floor.work()
    assert floor.now(task).state == "done"
    assert floor.comments(task) == [str(n) for n in range(12)]


def test_the_next_process_takes_over_at_once(floor: Floor) -> None:
    task = floor.task(comment("Once."), finish())
    floor.die_after(1)
    assert Sweeper(floor.world.catalogue, floor.bell, "next").recover() == 1
    assert floor.run(task).state == "ready"
    assert Sweeper(floor.world.catalogue, floor.bell, "next").recover() == 0


def test_an_engine_leaves_its_own_runs_alone(floor: Floor) -> None:
    floor.task(finish())
    floor.claim("mine")
    assert Sweeper(floor.world.catalogue, floor.bell, "mine").recover() == 0


def test_the_work_of_a_living_process_is_left_alone(floor: Floor) -> None:
    task = floor.task(finish())
    with floor.world.control() as control:
        workers.enter(control, "neighbour", "worker", alone=False)
    lose_a_call(floor, floor.claim("neighbour"), "neighbour")
    assert Sweeper(floor.world.catalogue, floor.bell, "next").recover() == 0
    assert floor.reserved() > 0
    floor.sweeper.sweep()
    assert floor.run(task).state == "running"


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
def test_the_work_of_a_process_without_heartbeat_is_taken_over_before_its_lease_ends(floor: Floor) -> None:
    task = floor.task(finish())
    with floor.world.control() as control:
        workers.enter(control, "neighbour", "worker", alone=False)
    lose_a_call(floor, floor.claim("neighbour"), "neighbour")
    with floor.later(16):
        assert floor.run(task).state == "ready"
        assert floor.reserved() == 0
    with floor.world.control() as control:
        assert workers.all(control) == []


def test_a_call_lost_with_its_process_is_booked_as_estimated(floor: Floor) -> None:
    budgets.put(floor.db, floor.actor, "tenant", "", "month", 100 * NANO)
    task = floor.task(finish())
    lose_a_call(floor, floor.claim("gone"))
    [before] = budgets.of(floor.db, "tenant")
    assert before.reserved_nano > 0
    Sweeper(floor.world.catalogue, floor.bell, "next").recover()
    [after] = budgets.of(floor.db, "tenant")
    assert (after.reserved_nano, after.spent_nano) == (0, before.reserved_nano)
    [call] = floor.ledger(task)
    assert (call.state, call.cost_nano) == ("lost", before.reserved_nano)
    assert floor.run(task).cost_nano == floor.now(task).cost_nano == before.reserved_nano
    Sweeper(floor.world.catalogue, floor.bell, "next").recover()
    assert floor.now(task).cost_nano == before.reserved_nano


def lose_a_call(floor: Floor, run: Run, owner: str = "gone") -> None:
    """The process dies while its call is under way."""
    caller = Caller(run.id, "model", run.task_id, run.agent_id)
    about = {"run_id": run.id, "step_key": "model", "task_id": run.task_id, "agent_id": run.agent_id}
    on = caller.scopes(floor.db, "p", "simulated")
    ledger.open_call(floor.db, Opening("p", "simulated", True, 5_000, owner, on, **about))


def test_a_broken_tenant_holds_up_no_other(floor: Floor) -> None:
    with floor.world.control() as control:
        lost = tenants.create(floor.world.catalogue, control, floor.world.vault, "aaa-lost", "Lost")
    floor.world.catalogue.discard(lost.id)
    task = floor.task(finish())
    with floor.engine(hears=False):
        floor.until(task, "done", seconds=4)


def test_a_stopped_server_gives_its_runs_back_and_the_next_goes_on(floor: Floor) -> None:
    task = floor.task(comment("One."), "sim: latency 300ms", comment("Two."), comment("Three."), finish())
    with floor.engine(owner="first") as engine:
        until(lambda: floor.comments(task))
        engine.stop()
        assert floor.run(task).state == "ready"
        assert floor.now(task).state == "in_progress"
    with floor.engine(owner="second"):
        floor.until(task, "done")
    assert floor.comments(task) == ["One.", "Two.", "Three."]
    assert floor.run(task).fence == 2
    assert {call.state for call in floor.ledger(task)} == {"ok"}


def test_a_gateway_closed_under_a_call_cancels_nothing(floor: Floor) -> None:
    floor.gateway = Gateway()
    floor.gateway.start()
    task = floor.task("sim: latency 30s", finish())
    with floor.engine(owner="first") as engine:
        until(floor.reserved)
        engine.pump.stopping.set()
        floor.gateway.close()
        until(lambda: floor.run(task).state == "ready", seconds=5)
    assert floor.now(task).state == "in_progress"


def test_the_way_through_all_tenants_ends_between_two_when_the_process_stops(floor: Floor) -> None:
    """What was not looked at stays for the next start: processes that died are still in the list."""
    with floor.world.control() as control:
        workers.enter(control, "dead", "all", alone=False)
        control.update("workers", {"owner": "dead"}, pid=NOBODY)
    sweeper = Sweeper(floor.world.catalogue, floor.bell, "next")
    seen: list[str] = []

    def look(db: Database) -> int:
        seen.append(db.name)
        sweeper.stopping.set()
        return 0

    sweeper._each(look)
    assert len(seen) == 1
    with floor.world.control() as control:
        sweeper.recover()
        assert "dead" in [worker.owner for worker in workers.all(control)]
        Sweeper(floor.world.catalogue, floor.bell, "later").recover()
        assert "dead" not in [worker.owner for worker in workers.all(control)]


def test_work_does_not_wait_for_a_long_recovery_and_a_stop_ends_it(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def long(sweeper: Sweeper) -> int:
        begun.set()
        sweeper.stopping.wait()
        return 0

    monkeypatch.setattr(Sweeper, "recover", long)
    monkeypatch.setattr(engine, "FIRST_S", 0.01)
    task = floor.task(finish())
    with floor.engine() as running:
        assert begun.wait(10)
        floor.until(task, "done")
        assert running._recovery.is_alive()
    assert not running._recovery.is_alive()
