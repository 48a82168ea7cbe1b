"""O10: how long a light tenant waits for its start beside another's long queue."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from appliance import clock
from appliance.app import Box
from appliance.db.database import Database
from appliance.domain import tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.task_forms import NewTask
from appliance.engine.engine import Engine
from tests.crash import plays, scene
from tests.crash.scene import Place

STARTS = 60
LIMIT_MS = 250
SCRIPT = '{"acts": ["inside", "inside"]}'


def measure(place: Place, queued: int) -> float:
    """The light tenant's p95 start delay in milliseconds, while the other's queue never ran empty."""
    heavy, light = scene.make(place, ("heavy", "light")).values()
    plays.register(plays.outside_of(place.folder))
    with scene.opened(place, "all") as box:
        with box.catalogue.open(heavy) as db, db.transaction():
            for _ in range(queued):
                tasks.create(db, SYSTEM, NewTask("Heavy", SCRIPT, "play"))
        with _working(box), box.catalogue.open(light) as db:
            delays = sorted(_delay_ms(db) for _ in range(STARTS))
        with box.catalogue.open(heavy) as db:
            left = db.value("SELECT COUNT(*) AS n FROM runs WHERE state = 'ready'")
    if not left:
        raise AssertionError(f"{queued} queued runs were too few to be beside")
    return delays[int(STARTS * 0.95)]


@contextmanager
def _working(box: Box) -> Iterator[None]:
    engine = Engine(box.catalogue, box.calls, box.owner, 4, 30)
    box.catalogue.subscribe(engine.hear)
    engine.start()
    try:
        yield
    finally:
        engine.stop()


def _delay_ms(db: Database) -> float:
    task = tasks.create(db, SYSTEM, NewTask("Light", SCRIPT, "play"))
    while not (row := db.rows("SELECT created_at, started_at FROM runs WHERE task_id = :id", {"id": task.id})[0])[
        "started_at"
    ]:
        time.sleep(0.002)
    return clock.seconds_between(row["created_at"], row["started_at"]) * 1000
