"""5,000 schedules: what they cost while they tick over an hour, and when they are all due in the same second."""

import statistics
import time
from collections.abc import Iterator
from datetime import timedelta

from appliance import clock
from appliance.db.database import Database
from appliance.domain.actor import SYSTEM
from appliance.domain.schedules import reckoning, rows, verbs
from appliance.domain.schedules.forms import NewSchedule, StartTask
from tests.bench.figure import Figure
from tests.bench.idle import _answers, _used
from tests.bench.scene import Scene, scene
from tests.crash.server import serving
from tests.postgres import free_port
from tests.waiting import until

COUNT = 5_000
SETTLE_S = 6
WATCH_S = 30
_DELAYS = "SELECT fire.at, k.started_at FROM (SELECT 1 AS at) fire, ticks k WHERE k.started_at IS NOT NULL"


def measure() -> Iterator[Figure]:
    with scene() as here:
        spread(here.db)
        yield from _hourly(here)
    with scene() as here:
        spread(here.db)
        yield from _at_once(here)


def spread(db: Database) -> None:
    """Hourly schedules that come due evenly over the hour, each an hour after its anchor."""
    begin = clock.now().replace(microsecond=0) - timedelta(minutes=5)
    with db.transaction():
        for n in range(COUNT):
            anchor = clock.iso(begin + timedelta(seconds=n * 3600 / COUNT))
            task = StartTask("Piece of work")
            verbs.add(db, SYSTEM, NewSchedule(f"s-{n}", every="1h", anchor_at=anchor, task=task, overlap="allow_all"))


def _hourly(here: Scene) -> Iterator[Figure]:
    """Some are due each second, as in any hour of a box with so many."""
    with _served(here) as pid:
        before, begin = _used(pid), time.perf_counter()
        time.sleep(WATCH_S)
        used, taken = _used(pid) - before, time.perf_counter() - begin
    waits = delays(here.db)
    name = f"{COUNT:,} hourly schedules"
    yield Figure(f"processor time, {name}, {len(waits)} fired", used / taken * 100, "%", 5)
    yield Figure(f"delay to fire, {name}, p50", statistics.median(waits), "s", 1)
    yield Figure(f"delay to fire, {name}, p95", waits[int(len(waits) * 0.95)], "s", 1)
    yield Figure(f"delay to fire, {name}, most", waits[-1], "s", 1)
