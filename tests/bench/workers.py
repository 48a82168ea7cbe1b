"""How fast two worker processes share one tenant's runs on PostgreSQL, every commit on disk, with Redis for the bells.

`python -m tests.bench.workers serve …` is the program with one more runtime, whose runs do nothing.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.__main__ import main
from appliance.db.database import Database
from appliance.domain import tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.task_forms import NewTask
from appliance.engine.bodies import BODIES, Body
from tests import postgres
from tests.bench.figure import Figure
from tests.crash.fleet import Fleet, fleet
from tests.queues import redis_program
from tests.waiting import until

RUNS = 3000
ROUNDS = 3
STARTS = 60
CONCURRENCY = 64
NOTHING = "nothing"


def measure() -> Iterator[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="agenthq-bench-") as folder,
        postgres.cluster(("max_connections=200",)) as url,
        redis_program() as redis,
        fleet(Path(folder), url, redis.url, CONCURRENCY) as ours,
    ):
        ours.start("scheduler")
        for _ in range(2):
            ours.start("worker", module="tests.bench.workers", workers=4)
        ours.ready()
        with ours.db() as db:
            yield Figure("runs with a simulated model, two workers", _rate(db, RUNS // 10), "/s")
            db.update("agents", {"slug": "ada"}, runtime=NOTHING)
            rates = [_rate(db, RUNS) for _ in range(ROUNDS)]
            yield Figure("no-op runs, two workers on PostgreSQL", statistics.median(rates), "/s", 500, at_least=True)
            yield Figure("  share of the less busy worker", _share(ours, db), "%")


def _rate(db: Database, count: int) -> float:
    """Runs per second, from the moment that all are there to the last one done."""
    done = "SELECT COUNT(*) AS n FROM tasks WHERE state = 'done'"
    begin = db.value(done)
    with db.transaction():
        for _ in range(count):
            tasks.create(db, SYSTEM, NewTask("No-op", "sim: say done", "ada"))
    start = time.perf_counter()
    until(lambda: db.value(done) == begin + count, 120)
    return count / (time.perf_counter() - start)


def _share(ours: Fleet, db: Database) -> float:
    """Who held runs, looked at again and again while some are under way."""
    with db.transaction():
        for _ in range(RUNS):
            tasks.create(db, SYSTEM, NewTask("No-op", "sim: say done", "ada"))
    held = dict.fromkeys(ours.listed().values(), 0)

    def over() -> bool:
        for row in db.rows("SELECT lease_owner FROM runs WHERE state = 'running'"):
            held[row["lease_owner"]] += 1
        return db.value("SELECT COUNT(*) AS n FROM runs WHERE state IN ('ready', 'running')") == 0

    until(over, 120)
    low, high = sorted(held.values())[-2:]
    return 100 * low / max(1, low + high)


if __name__ == "__main__":
    BODIES[NOTHING] = Body(lambda work: "Done.", quick=True)
    main()
