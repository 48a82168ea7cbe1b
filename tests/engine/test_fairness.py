"""Whose turn it is: tenants take turns, people have workers of their own, limits hold and nothing spins."""

import threading
from collections.abc import Iterator

import pytest

from appliance.domain import agents, claims, guards, lifecycle, providers, runs, samples, tasks, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.guards import GuardsChange
from appliance.domain.provider_forms import ProviderChange
from appliance.domain.runs import Run
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import Task
from appliance.engine import bodies
from appliance.engine.bodies import Body
from appliance.engine.lanes import Lanes
from appliance.engine.work import Work
from tests.engine.floor import Floor, finish
from tests.waiting import until

QUEUED = 3000


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Task titles in the order their runs began, of agents whose runtime does nothing."""
    order: list[str] = []

    def act(work: Work) -> str:
        order.append(tasks.get(work.journal.db, work.journal.run.task_id).title)
        return "Done."

    monkeypatch.setitem(bodies.BODIES, "nothing", Body(act, quick=True))
    yield order


def idle_agent(floor: Floor, tenant: object = None, slug: str = "idle") -> None:
    with floor.world.db(tenant) as db:  # type: ignore[arg-type]
        agents.create(db, SYSTEM, NewAgent(slug, slug.title(), "Nothing.", "simulated", max_concurrency=100))
        db.update("agents", {"slug": slug}, runtime="nothing")


def queue_many(floor: Floor, count: int) -> None:
    """As many queued runs as that, copied from one."""
    task = floor.task(title="A", assignee="idle")
    run = floor.db.rows("SELECT * FROM runs WHERE task_id = :id", {"id": task.id})[0]
    row = floor.db.rows("SELECT * FROM tasks WHERE id = :id", {"id": task.id})[0]
    for part in range(0, count - 1, 100):
        numbers = range(part, min(part + 100, count - 1))
        made = [row | {"id": f"t{n}", "number": 10_000 + n, "run_id": f"r{n}"} for n in numbers]
        with floor.db.transaction():
            floor.db.insert_all("tasks", made)
            floor.db.insert_all("runs", [run | {"id": f"r{n}", "task_id": f"t{n}", "chain": f"r{n}"} for n in numbers])


def test_a_tenant_with_little_work_starts_beside_one_with_thousands(floor: Floor, started: list[str]) -> None:
    idle_agent(floor)
    idle_agent(floor, floor.world.globex)
    queue_many(floor, QUEUED)
    with floor.world.db(floor.world.globex) as theirs:
        tasks.create(theirs, SYSTEM, NewTask("B", assignee="idle"))
    bell = floor.bell
    bell.answer(floor.pump.serve)
    for tenant in (floor.world.acme, floor.world.globex):
        bell.ring(tenant.id)
    turns = 0
    while "B" not in started:
        bell.execute(bell.dequeue())
        turns += 1
    assert turns == 2
    assert 0 < len(started) - 1 < QUEUED
    assert bell.storage.queue_size() >= 1, "the one with thousands goes on after its turn"


@pytest.mark.parametrize(("workers", "kept"), [(1, 0), (3, 0), (4, 1), (8, 1), (9, 2), (16, 2), (64, 8)])
def test_an_eighth_of_the_workers_is_kept_for_people(workers: int, kept: int) -> None:
    lanes = Lanes(workers)
    assert lanes.kept == kept
    assert [lanes.enter("acme") for _ in range(workers)] == [True] * (workers - kept) + [False] * kept


def test_who_found_no_room_is_rung_for_when_there_is() -> None:
    lanes = Lanes(4)
    assert [lanes.enter(name) for name in ("a", "a", "a", "b", "c")] == [True, True, True, False, False]
    assert lanes.leave() == {"b", "c"}
    assert lanes.leave() == set()


def test_a_click_starts_while_background_work_holds_all_other_workers(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four workers: three are held up by background work, more of it waits, and what a person starts is not behind."""
    release, began = threading.Event(), []

    def act(work: Work) -> str:
        began.append(work.journal.run.lane)
        if work.journal.run.lane == "background":
            release.wait(20)
        return "Done."

    monkeypatch.setitem(bodies.BODIES, "nothing", Body(act))
    idle_agent(floor)
    clicked = floor.task(title="Click", assignee="idle", start=False)
    for n in range(8):
        floor.task(title=f"B{n}", assignee="idle")
    with floor.engine(workers=4):
        until(lambda: began.count("background") == 3)
        lifecycle.start(floor.db, floor.actor, clicked.id)
        floor.until(clicked, "done")
        assert began.count("background") == 3
        release.set()
        until(lambda: began.count("background") == 8)


def take(floor: Floor, most: int = 32, **more: bool) -> list[Run]:
    return claims.claim(floor.db, "w", 30, most, frozenset({"nothing", "builtin"}), **more)


def test_only_so_many_runs_of_a_tenant_work_at_once(floor: Floor) -> None:
    guards.change(floor.db, floor.actor, GuardsChange(max_running=3))
    made = [floor.task(title=f"T{n}") for n in range(5)]
    assert (len(take(floor)), len(take(floor))) == (3, 0)
    floor.cancel(made[0])
    with floor.db.transaction():
        runs.stop_now(floor.db, SYSTEM, floor.run(made[0]))
    assert len(take(floor)) == 1
    guards.change(floor.db, floor.actor, GuardsChange(max_running=None))
    assert len(take(floor)) == 1


def test_only_so_many_runs_use_a_provider_account_at_once(floor: Floor) -> None:
    """The account is full for every agent that uses it, and does not hold up those of another."""
    floor.agent("ben")
    providers.change(floor.db, floor.actor, floor.world.vault, "Simulated", ProviderChange(max_concurrency=2))
    mine = [floor.task(title=f"T{n}", assignee=slug) for n, slug in enumerate(("ada", "ben", "ada"))]
    samples_of_other(floor)
    other = floor.task(title="Other", assignee="cleo")
    taken = take(floor)
    assert [run.task_id for run in taken] == [mine[0].id, mine[1].id, other.id]
    assert take(floor) == []


def samples_of_other(floor: Floor) -> None:
    kept = floor.ada
    floor.account("simulated", "", "other-model")
    floor.change_agent(model=kept.model)
    floor.agent("cleo", model="other-model")


def test_the_lane_for_people_takes_nothing_else(floor: Floor) -> None:
    floor.task(title="Background", priority=3)
    clicked = floor.task(title="Click", start=False)
    lifecycle.start(floor.db, floor.actor, clicked.id)
    assert [run.task_id for run in take(floor, interactive=True)] == [clicked.id]
    assert take(floor, interactive=True) == []


def test_mistake_32_two_processes_never_take_the_same_task(floor: Floor) -> None:
    """A scheduler's own pump and a worker elsewhere, both at every bell: each run is carried out by one of them."""
    made = [floor.task(finish(), title=f"T{n}") for n in range(12)]
    pumps = [floor.new_pump("scheduler"), floor.new_pump("worker")]
    threads = [threading.Thread(target=pump.serve, args=(floor.tenant.id,)) for pump in pumps * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    floor.work()
    assert {floor.now(task).state for task in made} == {"done"}
    rows = floor.db.rows("SELECT fence, attempt FROM runs")
    assert [(row["fence"], row["attempt"]) for row in rows] == [(1, 1)] * 12
    assert all(len(floor.ledger(task)) == 1 for task in made)


def test_mistake_37_attempts_really_are_tried_again(floor: Floor) -> None:
    """A call that fails is tried again by the same run, which has not failed meanwhile."""
    task = floor.task("sim: fail 503 x4", finish())
    floor.work()
    assert floor.outcome(task)[:2] == ("waiting", "timer")
    for n in range(1, 7):
        with floor.later(n * 1000):
            floor.work()
    assert (floor.now(task).state, floor.run(task).attempt) == ("done", 1)
    assert floor.steps(task)[1].attempts == 5


def test_mistake_38_a_busy_agents_work_is_not_queued_again_and_again(floor: Floor) -> None:
    """At its limit, a bell is one empty claim: no bell follows, and nothing is written."""
    floor.change_agent(max_concurrency=1)
    for n in range(3):
        floor.task(finish(), title=f"T{n}")
    floor.claim("elsewhere")
    before = floor.db.value("SELECT COUNT(*) AS n FROM events")
    for _ in range(5):
        floor.pump.serve(floor.tenant.id)
    assert floor.bell.storage.queue_size() == 0
    assert floor.db.value("SELECT COUNT(*) AS n FROM events") == before


def test_mistake_39_a_tenant_made_after_the_start_is_served(floor: Floor) -> None:
    with floor.engine():
        with floor.world.control() as control:
            made = tenants.create(floor.world.catalogue, control, floor.world.vault, "later", "Later")
        with floor.world.catalogue.open(made.id) as db:
            samples.add_simulated(db, SYSTEM, floor.world.vault, pace="instant")
            agents.create(db, SYSTEM, NewAgent("ada", "Ada", "Work.", "simulated"))
            task = tasks.create(db, SYSTEM, NewTask("Hello", finish(), "ada"))
            assert until(lambda: _done(db, task))


def _done(db: object, task: Task) -> bool:
    return tasks.get(db, task.id).state == "done"  # type: ignore[arg-type]
