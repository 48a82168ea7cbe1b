"""5,000 schedules: what they cost while they tick through an hour, and what happens when all are due at once."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import msgspec

from appliance import clock, ids
from appliance.db.database import Database
from appliance.domain.actor import SYSTEM
from appliance.domain.schedules import calendars, reckoning, rows, verbs
from appliance.domain.schedules.forms import NewSchedule, StartTask
from tests.bench.figure import Figure
from tests.bench.idle import _answers, _used
from tests.bench.scene import Scene, scene
from tests.crash.server import serving
from tests.postgres import free_port
from tests.waiting import until

COUNT = 5_000
HOUR_S = 3600
SETTLE_S = 6
WATCH_S = 30
JITTER_S = 300
_STARTED = "SELECT schedule_id, due_at, started_at FROM ticks WHERE started_at IS NOT NULL"


def measure() -> Iterator[Figure]:
    yield from _through_the_hour()
    yield from _at_once(0)
    yield from _at_once(JITTER_S)


def _through_the_hour() -> Iterator[Figure]:
    """Due evenly over the hour, as a box with so many hourly schedules has them: one or two a second."""
    name = f"{COUNT:,} hourly schedules"
    with scene() as here:
        begin = clock.now()
        fill(here.db, [begin + timedelta(seconds=n * HOUR_S / COUNT) for n in range(COUNT)])
        with _served(here) as pid:
            time.sleep(SETTLE_S)
            before, watched, since = _used(pid), time.perf_counter(), clock.iso()
            time.sleep(WATCH_S)
            used, taken = _used(pid) - before, time.perf_counter() - watched
        late = delays(here.db, since)
    yield Figure(f"processor time of {name}", used / taken * 100, "%", 5)
    yield from _delays(f"{name}, delay", late, 1)


def _at_once(jitter_s: int) -> Iterator[Figure]:
    """All due in the same second: each is a task with its events, one commit after the other."""
    name = f"{COUNT:,} at once" + (f", jitter {jitter_s} s" if jitter_s else "")
    with scene() as here:
        at = clock.now().replace(microsecond=0) + timedelta(seconds=SETTLE_S * 2)
        fill(here.db, [at] * COUNT, jitter_s)
        wanted = COUNT // 5 if jitter_s else COUNT
        with _served(here):
            since = clock.iso(max(clock.now(), at)) if jitter_s else ""
            while int(here.db.value("SELECT COUNT(*) AS n FROM ticks")) < wanted:
                time.sleep(0.5)
        late = delays(here.db, since)
    # A burst takes as long as its tasks take to be made. Spread by jitter, each is on time.
    yield from _delays(f"{name}, delay", late, 1 if jitter_s else None)


def fill(db: Database, dues: list[datetime], jitter_s: int = 0) -> None:
    """Hourly schedules that come due first at these times: copies of one that was made as people make them."""
    new = NewSchedule("s-0", every="1h", task=StartTask("Piece of work"), jitter_s=jitter_s, overlap="allow_all")
    made = verbs.add(db, SYSTEM, new)
    [row] = db.rows("SELECT * FROM schedules")
    with db.transaction():
        for n, due in enumerate(dues, 1):
            due, one = due.replace(microsecond=0), msgspec.structs.replace(made, id=ids.new())
            spec = calendars.every("1h", due - timedelta(hours=1))
            values = {"id": one.id, "slug": f"s-{n}", "spec": spec, **reckoning.values(one, due, clock.now())}
            db.insert("schedules", row | values)


def delays(db: Database, since: str = "") -> list[float]:
    """Seconds from when each was to fire, after `since`, to when its task was made, the shortest first."""
    found = {row["id"]: rows.schedule(row) for row in db.rows("SELECT * FROM schedules")}
    late = []
    for row in db.rows(_STARTED):
        fires = reckoning.fire_at(found[row["schedule_id"]], clock.parse(row["due_at"]))
        if clock.iso(fires) >= since:
            late.append((clock.parse(row["started_at"]) - fires).total_seconds())
    return sorted(late)


def _delays(name: str, late: list[float], limit: float | None) -> Iterator[Figure]:
    yield Figure(f"{name}, p50", statistics.median(late), "s", limit)
    yield Figure(f"{name}, p95", late[int(len(late) * 0.95)], "s", limit)
    yield Figure(f"{name}, longest of {len(late):,}", late[-1], "s", limit)


@contextmanager
def _served(here: Scene) -> Iterator[int]:
    port = free_port()
    with serving(here.folder, port) as server:
        until(lambda: _answers(port), 60)
        yield server.process.pid
        server.stop()
