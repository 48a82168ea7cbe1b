"""Several processes share a tenant's work: killing one, or emptying the queue, loses nothing and repeats nothing."""

import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from appliance.domain import comments, runs, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.task_forms import NewTask
from tests.crash.fleet import Fleet, Member, fleet
from tests.engine.floor import comment, finish
from tests.queues import RedisProgram, redis_program
from tests.waiting import until

pytestmark = [pytest.mark.crash, pytest.mark.postgres, pytest.mark.timeout(300)]
TASKS = 60
SCRIPT = "\n".join(["sim: latency 40ms", comment("One."), comment("Two."), comment("Three."), finish()])


@contextmanager
def of_kind(queue: str, folder: Path, admin_url: str, concurrency: int = 50) -> Iterator[tuple[Fleet, RedisProgram]]:
    """Both queue servers run; `queue` says which of them is used."""
    with redis_program() as redis, fleet(folder, admin_url, redis.url if queue == "redis" else "", concurrency) as made:
        yield made, redis


def hand_out(ours: Fleet, count: int = TASKS) -> list[str]:
    with ours.db() as db:
        return [tasks.create(db, SYSTEM, NewTask(f"Task {n}", SCRIPT, "ada")).id for n in range(count)]


def all_done(ours: Fleet, wanted: list[str], seconds: float = 60) -> None:
    with ours.db() as db:
        sql = "SELECT COUNT(*) AS n FROM tasks WHERE state = 'done'"
        until(lambda: db.value(sql) == len(wanted), seconds)


def holders(ours: Fleet) -> Counter[str]:
    with ours.db() as db:
        return Counter(row["lease_owner"] for row in db.rows("SELECT lease_owner FROM runs WHERE state = 'running'"))


def assert_once(ours: Fleet, wanted: list[str]) -> int:
    """Every task has one run, each of its effects happened once, nothing is reserved; the sum of the fences."""
    with ours.db() as db:
        fences = 0
        for task_id in wanted:
            [run] = runs.of_task(db, task_id)
            assert (run.state, run.attempt) == ("succeeded", 1)
            assert [said.body for said in comments.of_task(db, task_id)] == ["One.", "Two.", "Three."]
            fences += run.fence
        numbers = [row["seq"] for row in db.rows("SELECT seq FROM events ORDER BY seq")]
        assert numbers == list(range(1, len(numbers) + 1))
        assert db.value("SELECT COUNT(*) AS n FROM reservations") == 0
        return fences


@pytest.mark.parametrize("queue", ["redis", "postgres"])
def test_two_workers_share_the_work_and_one_killed_loses_nothing(queue: str, tmp_path: Path, postgres_url: str) -> None:
    with of_kind(queue, tmp_path, postgres_url) as (ours, redis):
        ours.start("scheduler")
        ours.start("web")
        first, second = (ours.start("worker", workers=8) for _ in range(2))
        ours.ready()
        wanted = hand_out(ours)
        owners = {ours.listed()[member.pid] for member in (first, second)}
        until(lambda: owners <= set(holders(ours)), 20)
        redis.flush()
        victim = ours.listed()[first.pid]
        until(lambda: holders(ours)[victim] > 2, 20)
        first.kill()
        killed = time.monotonic()
        until(lambda: victim not in holders(ours), 10)
        assert time.monotonic() - killed < 5, "nobody waited for the leases to end"
        all_done(ours, wanted)
        assert assert_once(ours, wanted) > len(wanted), "the kill came too late to prove anything"
        assert victim not in ours.listed().values()
        assert second.stop() == 0, ours.log
        assert second.pid not in ours.listed()


def test_flushing_redis_again_and_again_loses_nothing(tmp_path: Path, postgres_url: str) -> None:
    with of_kind("redis", tmp_path, postgres_url) as (ours, redis):
        for role in ("scheduler", "worker", "worker"):
            ours.start(role)
        ours.ready()
        wanted = hand_out(ours)
        with ours.db() as db:
            sql = "SELECT COUNT(*) AS n FROM tasks WHERE state = 'done'"

            def flushed() -> bool:
                redis.flush()
                return bool(db.value(sql) == len(wanted))

            until(flushed, 60)
        assert assert_once(ours, wanted) == len(wanted)


def test_work_goes_on_without_a_queue_server(tmp_path: Path, postgres_url: str) -> None:
    with of_kind("redis", tmp_path, postgres_url) as (ours, redis):
        for role in ("scheduler", "worker", "web"):
            ours.start(role)
        ours.ready()
        redis.kill()
        wanted = hand_out(ours, 10)
        all_done(ours, wanted)
        assert assert_once(ours, wanted) == len(wanted)
        redis.start()


def test_a_leader_that_dies_is_replaced(tmp_path: Path, postgres_url: str) -> None:
    with of_kind("postgres", tmp_path, postgres_url) as (ours, _):
        ours.start("worker")
        leader = ours.start("scheduler")
        ours.ready()
        ours.start("scheduler")
        ours.ready()
        leader.kill()
        begin = time.monotonic()
        # Nobody rings for these: only a sweep finds them.
        all_done(ours, hand_out(ours, 3), 10)
        assert time.monotonic() - begin < 6


def test_a_page_of_one_process_shows_what_another_did(tmp_path: Path, postgres_url: str) -> None:
    with of_kind("postgres", tmp_path, postgres_url) as (ours, _):
        here, there = ours.start("web"), ours.start("web")
        ours.ready()
        headers = {"Authorization": f"Bearer {ours.key}"}
        delays = []
        with httpx.Client(headers=headers, timeout=20) as client, httpx.Client(headers=headers, timeout=20) as other:
            answering(client, there)
            answering(client, here)
            with client.stream("GET", f"{here.link}/api/v1/events/stream") as stream:
                lines = stream.iter_lines()
                assert next(lines).startswith("retry")
                for n in range(9):
                    made = other.post(f"{there.link}/api/v1/tasks", json={"title": f"T{n}", "assignee": "ada"})
                    assert made.status_code == 201, made.text
                    begin = time.perf_counter()
                    seen = next(heard for heard in events(lines) if heard["kind"] == "task.created")
                    delays.append(time.perf_counter() - begin)
                    assert seen["task_id"] == made.json()["id"]
        assert statistics.median(delays) < 0.3, "NOTIFY tells at once; looking by itself takes up to a second"


def answering(client: httpx.Client, member: Member) -> None:
    def answers() -> bool:
        try:
            return client.get(f"{member.link}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    until(answers, 20)


def events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    for line in lines:
        if line.startswith('data: {"seq'):
            yield json.loads(line.removeprefix("data: "))


def test_status_and_doctor_tell_of_the_processes(tmp_path: Path, postgres_url: str) -> None:
    with of_kind("redis", tmp_path, postgres_url) as (ours, redis):
        for role in ("worker", "scheduler"):
            ours.start(role)
        ours.ready()
        assert sorted(process["role"] for process in ours.said("status")["processes"]) == ["scheduler", "worker"]
        found = {check["id"]: check for check in ours.said("doctor")["items"]}
        assert found["queue"]["severity"] == "ok"
        assert (found["processes"]["severity"], found["processes"]["evidence"]) == ("warning", "1 scheduler, 1 worker")
        assert found["processes"]["fix"] == "Start agenthq serve --role web."
        redis.kill()
        found = {check["id"]: check for check in ours.said("doctor")["items"]}
        assert found["queue"]["severity"] == "error"
