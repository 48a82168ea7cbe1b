"""How long a tenant with little to do waits for its start while another has a long queue."""

import statistics
import time
from collections.abc import Iterator

from appliance import app, clock
from appliance.db.database import Database
from appliance.domain import tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.task_forms import NewTask
from tests.bench import filling
from tests.bench.figure import Figure
from tests.bench.scene import scene, staffed
from tests.waiting import until

QUEUED = 10_000
STARTS = 200
FEWEST = 50


def measure() -> Iterator[Figure]:
    with scene() as heavy, staffed(heavy.box, "light") as light:
        filling.queued(heavy.db, QUEUED)
        with app.running_engine(heavy.box):
            until(lambda: _left(heavy.db) < QUEUED)
            delays = sorted(_delays(light.db, heavy.db))
            assert len(delays) >= FEWEST, f"the queue was empty after {len(delays)} starts"
            heavy.db.execute("UPDATE runs SET state = 'cancelled' WHERE state = 'ready'")
    beside = f"light tenant's start beside {QUEUED:,} queued runs"
    yield Figure(f"{beside}, p50", statistics.median(delays) * 1000, "ms")
    yield Figure(f"{beside}, p95", delays[int(len(delays) * 0.95)] * 1000, "ms", 100)


def _delays(light: Database, heavy: Database) -> Iterator[float]:
    """Seconds from handing out to the claim, one task at a time while the other tenant's queue lasts."""
    for _ in range(STARTS):
        task = tasks.create(light, SYSTEM, NewTask("No-op", filling.DONE, "ada"))
        while tasks.get(light, task.id).state != "done":
            time.sleep(0.005)
        if not _left(heavy):
            return
        (run,) = light.rows("SELECT created_at, started_at FROM runs WHERE task_id = :id", {"id": task.id})
        yield clock.seconds_between(run["created_at"], run["started_at"])


def _left(db: Database) -> int:
    return int(db.value("SELECT COUNT(*) AS n FROM runs WHERE state = 'ready'"))
