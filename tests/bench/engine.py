"""How fast work moves: whole runs on the simulated provider with every commit on disk, and the delay of a start.

The bare loop beside it does the same number of durable commits with nothing else: the disk's own limit.
"""

import statistics
import time
from collections.abc import Iterator

from appliance import app, clock
from appliance.db.database import Database, Row
from appliance.domain import runs, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.task_forms import NewTask
from tests.bench.figure import Figure
from tests.bench.scene import Scene, scene

RUNS = 1500
STARTS = 100
ROUNDS = 3
COMMITS_PER_RUN = 5


def measure() -> Iterator[Figure]:
    committed: dict[str, str] = {}

    def hear(_: str, events: list[Row]) -> None:
        committed.update((event["run_id"], clock.iso()) for event in events if event["kind"] == "run.queued")

    with scene() as here:
        here.box.catalogue.subscribe(hear)
        yield from _measured(here, committed)


def _measured(here: Scene, committed: dict[str, str]) -> Iterator[Figure]:
    with app.running_engine(here.box):
        _work(here.db, 50)
        rates = [_work(here.db, RUNS) for _ in range(ROUNDS)]
        yield Figure("no-op runs, create to done (FULL sync)", statistics.median(rates), "/s", 300, at_least=True)
        yield Figure("  the disk alone, as many commits a run", _bare(here), "/s", 0, at_least=True)
        yield Figure("delay from handing out to start, p50", _delay(here.db, committed) * 1000, "ms", 1)


def _work(db: Database, count: int) -> float:
    """Runs per second, from the first task made to the last one done."""
    begin, start = _done(db), time.perf_counter()
    for _ in range(count):
        tasks.create(db, SYSTEM, NewTask("No-op", "sim: say done", "ada"))
    while _done(db) < begin + count:
        time.sleep(0.01)
    return count / (time.perf_counter() - start)


def _bare(here: Scene) -> float:
    start, count = time.perf_counter(), 300
    for n in range(count * COMMITS_PER_RUN):
        here.db.upsert("counters", {"name": "bench", "value": n}, ("name",))
    return count / (time.perf_counter() - start)


def _delay(db: Database, committed: dict[str, str]) -> float:
    """Median seconds from the commit that made the task to the claim of its run, one at a time."""
    found = []
    for _ in range(STARTS):
        task = tasks.create(db, SYSTEM, NewTask("No-op", "sim: say done", "ada"))
        while tasks.get(db, task.id).state != "done":
            time.sleep(0.002)
        run = runs.of_task(db, task.id)[0]
        found.append(clock.seconds_between(committed[run.id], run.started_at or ""))
    return statistics.median(found)


def _done(db: Database) -> int:
    return int(db.value("SELECT COUNT(*) AS n FROM tasks WHERE state = 'done'"))
