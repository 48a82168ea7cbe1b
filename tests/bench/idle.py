"""What a server costs that has nothing to do, and one whose 10,000 runs all wait for later."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench import filling
from tests.bench.figure import Figure
from tests.bench.scene import scene
from tests.crash.server import serving
from tests.postgres import free_port
from tests.smoke.server import get
from tests.waiting import until

TIMERS = 10_000
FIRST_DUE_S = 3600
SETTLE_S = 6
WATCH_S = 20


def measure() -> Iterator[Figure]:
    with scene() as here:
        yield Figure("processor time of an idle server", _percent(here.folder), "%", 1)
        filling.asleep(here.db, TIMERS, FIRST_DUE_S)
        yield Figure(f"processor time with {TIMERS:,} pending timers", _percent(here.folder), "%", 1)


def _percent(folder: Path) -> float:
    """Of one processor, over some seconds after what a start does in the background."""
    port = free_port()
    with serving(folder, port) as server:
        until(lambda: _answers(port), 20)
        time.sleep(SETTLE_S)
        before, begin = _used(server.process.pid), time.perf_counter()
        time.sleep(WATCH_S)
        used = _used(server.process.pid) - before
        taken = time.perf_counter() - begin
        server.stop()
    return used / taken * 100


def _answers(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/livez")[0] == 200
    except OSError:
        return False


def _used(pid: int) -> float:
    """Seconds of processor time so far, user and system (fields 14 and 15 of proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
