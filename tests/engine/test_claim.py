"""Who gets which run: never two workers one, the most urgent first, agents within their limits."""

import threading
from collections import Counter

from appliance.domain import agents, candidates, claims, tasks
from tests.engine.floor import Floor, finish

WORKERS, QUEUED = 8, 50


def claim_all(floor: Floor, owner: str, taken: list[str]) -> None:
    with floor.world.db() as db:
        while claimed := claims.claim(db, owner, 30):
            taken += [run.id for run in claimed]


def test_two_workers_never_get_one_run(floor: Floor) -> None:
    for n in range(QUEUED):
        floor.task(finish(), title=f"Task {n}")
    taken: list[str] = []
    threads = [threading.Thread(target=claim_all, args=(floor, f"w{n}", taken)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), len(set(taken))) == (QUEUED, QUEUED)
    fences = Counter(row["fence"] for row in floor.db.rows("SELECT fence FROM runs"))
    assert fences == {1: QUEUED}


def test_many_workers_together_keep_an_agents_limit(floor: Floor) -> None:
    floor.change_agent(max_concurrency=3)
    for n in range(20):
        floor.task(finish(), title=f"Task {n}")
    taken: list[str] = []
    threads = [threading.Thread(target=claim_all, args=(floor, f"w{n}", taken)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 3


def test_the_most_urgent_comes_first_then_the_oldest(floor: Floor) -> None:
    titles = [floor.task(title=title, priority=p).title for title, p in (("a", 1), ("b", 3), ("c", 1), ("d", 3))]
    assert titles == ["a", "b", "c", "d"]
    order = [tasks.get(floor.db, floor.claim().task_id).title for _ in range(4)]
    assert order == ["b", "d", "a", "c"]


def test_a_paused_agents_work_stays_queued(floor: Floor) -> None:
    floor.task(finish())
    agents.set_paused(floor.db, floor.actor, "ada", True)
    assert claims.claim(floor.db, "w", 30) == []
    agents.set_paused(floor.db, floor.actor, "ada", False)
    assert floor.claim().state == "running"


def test_an_agents_limit_does_not_hold_up_others(floor: Floor) -> None:
    floor.change_agent(max_concurrency=1)
    floor.agent("ben")
    first, _, other = floor.task(), floor.task(), floor.task(assignee="ben")
    assert [floor.claim().task_id for _ in range(2)] == [first.id, other.id]
    assert claims.claim(floor.db, "w", 30) == []


def test_a_claim_moves_the_task_and_counts_the_fence(floor: Floor) -> None:
    task = floor.task()
    run = floor.claim("w1")
    assert (run.state, run.fence, run.lease_owner) == ("running", 1, "w1")
    assert run.started_at is not None
    assert floor.now(task).state == "in_progress"
    claims.release(floor.db, "id = :id", {"id": run.id})
    again = floor.claim("w2")
    assert (again.id, again.fence, again.started_at) == (run.id, 2, run.started_at)


def test_a_run_whose_time_has_not_come_is_left(floor: Floor) -> None:
    task = floor.task("sim: fail 429 retry-after 60 x1", finish())
    floor.work()
    assert floor.outcome(task) == ("waiting", "quota", "in_progress")
    assert claims.claim(floor.db, "w", 30) == []


def test_nothing_queued_is_nothing_claimed(floor: Floor) -> None:
    assert claims.claim(floor.db, "w", 30) == []


def test_a_claim_reads_no_run_that_has_ended(floor: Floor) -> None:
    """What keeps it fast beside a million of them; PostgreSQL plans a few rows in another way."""
    if floor.db.for_update:
        return
    read = f"EXPLAIN QUERY PLAN {candidates._SELECT} {candidates._IN_ORDER}"
    plan = [row["detail"] for row in floor.db.rows(read, {"now": "", "most": 1})]
    runs_read = [line for line in plan if line.startswith(("SCAN runs", "SCAN r ", "SCAN b ", "SEARCH r "))]
    assert len(runs_read) == 4
    assert all(line.endswith(("runs_at_work", "runs_claim")) for line in runs_read), plan
