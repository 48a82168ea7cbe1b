"""A server is killed with 1,000 runs under way and started again: how soon the first of them goes on.

`python -m tests.bench.restart FOLDER` is the server that gets killed: fourteen of its runs wait for a model's answer.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from appliance import app
from appliance.app import Box
from appliance.calls import Calls
from appliance.db.database import Database
from appliance.domain import tenants
from appliance.engine.engine import Engine
from appliance.engine.lanes import Lanes
from tests.bench import filling
from tests.bench.figure import Figure
from tests.bench.scene import CONCURRENCY, opened, staffed
from tests.crash.server import serving
from tests.postgres import free_port
from tests.waiting import until

RUNS = 1000
LATE = "sim: latency 60s\nsim: say done"
READY = "ready"


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="agenthq-bench-") as folder:
        _killed(Path(folder) / "engine")
        yield Figure(f"first claim after a kill with {RUNS:,} open runs", _engine(Path(folder) / "engine"), "s", 0.2)
        _killed(Path(folder) / "command")
        yield Figure("  the same from the command on", _command(Path(folder) / "command"), "s")


def _killed(folder: Path) -> None:
    command = [sys.executable, "-m", "tests.bench.restart", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout
        assert victim.stdout.readline().strip() == READY
        victim.kill()


def _engine(folder: Path) -> float:
    """Seconds from the start of the engine to the commit of its first claim."""
    claimed = threading.Event()
    with opened(folder) as box:
        calls = Calls(box.vault, box.gateway, box.owner)
        engine = Engine(box.catalogue, calls, box.owner, box.settings.workers, box.settings.lease_seconds, grace_s=2)
        box.catalogue.subscribe(lambda _, events: _started(events) and claimed.set())
        begin = time.perf_counter()
        engine.start()
        assert claimed.wait(10)
        assert engine.recovered == RUNS
        taken = time.perf_counter() - begin
        engine.stop()
    return taken


def _started(events: list[dict[str, object]]) -> bool:
    return any(event["kind"] == "run.started" for event in events)


def _command(folder: Path) -> float:
    with opened(folder) as box, _only(box) as db:
        before = _starts(db)
        begin = time.perf_counter()
        with serving(folder, free_port()):
            until(lambda: _starts(db) > before, 20)
            return time.perf_counter() - begin


def _only(box: Box) -> AbstractContextManager[Database]:
    with box.catalogue.control() as control:
        (tenant,) = tenants.every(control)
    return box.catalogue.open(tenant.id)


def _starts(db: Database) -> int:
    return int(db.value("SELECT COUNT(*) AS n FROM events WHERE kind = 'run.started'"))


def die_at_work(folder: Path) -> None:
    """Say so once 1,000 runs are under way, then wait for the kill."""
    with opened(folder) as box, staffed(box, "bench") as here, app.running_engine(box):
        # The workers kept for people take none of these.
        busy = CONCURRENCY - Lanes(box.settings.workers).kept
        filling.queued(here.db, busy, LATE)
        calls = "SELECT COUNT(*) AS n FROM calls WHERE state = 'open'"
        until(lambda: here.db.value(calls) == busy, 30)
        # More than the engine may take at once: nothing else of it is ready, so these are held by hand.
        with here.db.transaction():
            filling.queued(here.db, RUNS - busy)
            filling.held(here.db, box.owner)
        print(READY, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    die_at_work(Path(sys.argv[1]))
