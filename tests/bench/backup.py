"""A backup of a large tenant beside its writers, and the drill of many tenants."""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.app import Box
from appliance.backup import drilling, making
from appliance.backup.means import Means
from appliance.db.database import Database
from appliance.domain import tasks, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.task_forms import NewTask
from tests.bench.figure import Figure
from tests.bench.scene import opened, scene

LARGE_MB, SMALL_MB, TENANTS = 200, 5, 100
BACKUP_S, WRITERS_MS = 5, 5
PAUSE_S = 0.01
BATCH_MB = 20


def measure() -> Iterator[Figure]:
    with scene() as here:
        _fill(here.db, LARGE_MB)
        yield from _beside_writers(here.box, here.tenant.id, here.db)
    with tempfile.TemporaryDirectory(prefix="agenthq-bench-") as folder, opened(Path(folder) / "data") as box:
        yield from _drill(box)


def _beside_writers(box: Box, tenant_id: str, db: Database) -> Iterator[Figure]:
    means = Means(box.catalogue, box.vault)
    with _Writer(box, tenant_id) as alone:
        time.sleep(3)
    with _Writer(box, tenant_id) as beside:
        begin, used = time.perf_counter(), time.process_time()
        [made] = making.run(means, SYSTEM, [tenant_id]).made
        taken, used = time.perf_counter() - begin, time.process_time() - used
    assert made.state == "verified", made.note
    size = (box.settings.data_dir / "tenants" / tenant_id / "tenant.db").stat().st_size / 1e6
    yield Figure(f"backup of a tenant of {size:.0f} MB, verified", taken, "s", BACKUP_S)
    yield Figure("its processor time, writers included", used, "s")
    yield Figure("its size", made.bytes / 1e6, "MB")
    yield Figure("p99 of a write meanwhile", beside.p99_ms, "ms", WRITERS_MS)
    yield Figure("p99 of a write without a backup", alone.p99_ms, "ms")


def _drill(box: Box) -> Iterator[Figure]:
    means = Means(box.catalogue, box.vault)
    with box.catalogue.control() as control:
        made = [tenants.create(box.catalogue, control, box.vault, f"t-{n:03}", f"T {n}").id for n in range(TENANTS)]
    for tenant_id in made:
        with box.catalogue.open(tenant_id) as db:
            _fill(db, SMALL_MB)
    begin = time.perf_counter()
    ran = making.run(means, SYSTEM, made)
    backed = time.perf_counter() - begin
    assert not ran.failed, ran.failed[0].note
    drilled = drilling.run(means, SYSTEM, made)
    assert not drilled.failed, drilled.failed[0].note
    whole = sum(box.catalogue.stored(tenant_id) for tenant_id in made) / 1e6
    yield Figure(f"backup of {TENANTS} tenants of {SMALL_MB} MB", backed, "s")
    yield Figure(f"restore drill of {TENANTS} tenants of {SMALL_MB} MB (RTO)", drilled.rto_s, "s", 600)
    yield Figure("its rate", whole / drilled.rto_s, "MB/s")
    yield Figure("its rate", len(made) / drilled.rto_s, "tenants/s")


class _Writer:
    """Somebody who writes all the time, a hundred times a second at most."""

    def __init__(self, box: Box, tenant_id: str) -> None:
        self._box, self._tenant_id = box, tenant_id
        self._stop = threading.Event()
        self._took: list[float] = []
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> "_Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def p99_ms(self) -> float:
        return statistics.quantiles(self._took, n=100)[98] * 1000

    def _write(self) -> None:
        with self._box.catalogue.open(self._tenant_id) as db:
            while not self._stop.wait(PAUSE_S):
                begin = time.perf_counter()
                db.next_number("bench")
                self._took.append(time.perf_counter() - begin)


def _fill(db: Database, megabytes: int) -> None:
    """Texts of which two fill a page, and which compress to half, as ours do."""
    task = tasks.create(db, SYSTEM, NewTask("Much talked about", "", None, start=False))
    for part in range(0, megabytes, BATCH_MB):
        count = min(BATCH_MB, megabytes - part) * 512
        with db.transaction():
            db.execute(_TEXTS, {"task": task.id, "first": part * 512, "count": count})


_TEXTS = """
INSERT INTO comments (id, task_id, author_kind, author_id, author_name, body, created_at)
WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < :count)
SELECT printf('01890000-0000-7000-8000-%012x', n + :first), :task, 'system', 'bench', 'Bench', hex(randomblob(850)), ''
FROM counted
"""
