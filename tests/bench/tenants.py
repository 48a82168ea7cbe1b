"""Many tenants in one process: making one, starting among 2,000 with 1,024 descriptors, and mixed load beside 20.

A process begins with 1,024 descriptors and may ask for more, as on most systems; then once more where it may not.
AGENTHQ_BENCH_TENANTS_S sets how long each load lasts; ten minutes are asked for, one is the default.
"""

import http.client
import json
import os
import random
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from appliance.app import Box
from appliance.domain import keys, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.key_forms import NewKey
from tests.bench.figure import Figure
from tests.bench.processes import resident_mb
from tests.bench.scene import opened, staffed
from tests.crash.server import serving
from tests.postgres import free_port
from tests.waiting import until

FEW, MANY = 20, 2000
NOFILE = 1024
THREADS = 4
SECONDS = float(os.environ.get("AGENTHQ_BENCH_TENANTS_S", "60"))
READS = ("/api/v1/tasks", "/api/v1/agents", "/api/v1/tasks?state=done", "/api/v1/runs")


class Load(NamedTuple):
    p95_ms: float
    requests: int
    errors: list[str]


class Life(NamedTuple):
    """One process from its start to its end."""

    start_s: float
    load: Load
    resident_mb: float
    stop_s: float


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="agenthq-bench-") as scratch:
        folder = Path(scratch) / "data"
        with opened(folder) as box:
            with staffed(box, "first"):
                """The first makes the template that others are copied from."""
            secrets, took = _made(box, FEW)
        few = _under_load(folder, secrets)
        with opened(folder) as box:
            more, then = _made(box, MANY - FEW, FEW)
        took += then
        many = _under_load(folder, secrets + more)
        tight = _under_load(folder, secrets + more, tight=True)
    yield Figure("making a tenant, p95", _p95(took) * 1000, "ms", 100)
    for name, life in ((f"{FEW}", few), (f"{MANY:,}", many), (f"{MANY:,}, no more files", tight)):
        yield Figure(f"{name} tenants: start until ready", life.start_s, "s", 2)
        yield Figure("  stop", life.stop_s, "s", 5)
        yield Figure("  resident memory", life.resident_mb, "MB")
        yield Figure("  request p95", life.load.p95_ms, "ms")
        yield Figure("  requests", life.load.requests / SECONDS, "/s")
        yield Figure(f"  errors of {life.load.requests:,}", len(life.load.errors), "", 0)
        for error in life.load.errors[:3]:
            print(f"     {error}")
    yield Figure("p95 with many beside few", many.load.p95_ms / few.load.p95_ms, "x", 1.5)
    yield Figure("p95 with many beside few, no more files", tight.load.p95_ms / few.load.p95_ms, "x", 1.5)


def _made(box: Box, count: int, start: int = 0) -> tuple[list[str], list[float]]:
    """Secrets of a key for each, and how long each took to make."""
    secrets, took = [], []
    with box.catalogue.control() as control:
        for n in range(start, start + count):
            begin = time.perf_counter()
            made = tenants.create(box.catalogue, control, box.vault, f"tenant-{n}", f"Tenant {n}")
            took.append(time.perf_counter() - begin)
            secrets.append(keys.create(control, SYSTEM, made.id, NewKey(name="load", role="operator")).secret)
    return secrets, took


def _under_load(folder: Path, secrets: list[str], tight: bool = False) -> Life:
    """A process that begins with few descriptors; a `tight` one may not ask for more."""
    port = free_port()
    begin = time.perf_counter()
    with serving(folder, port) as server:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (NOFILE, NOFILE if tight else hard))
        until(lambda: _ready(port), 60)
        started = time.perf_counter() - begin
        load = _load(port, secrets)
        resident = resident_mb(server.process.pid)
        begin = time.perf_counter()
        server.stop()
        return Life(started, load, resident, time.perf_counter() - begin)


def _ready(port: int) -> bool:
    with suppress(OSError), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as asked:
        asked.request("GET", "/readyz")
        return asked.getresponse().status == 200
    return False


def _load(port: int, secrets: list[str]) -> Load:
    took: list[float] = []
    errors: list[str] = []
    until_ = time.perf_counter() + SECONDS

    def one(seed: int) -> None:
        dice = random.Random(seed)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as line:
            while time.perf_counter() < until_:
                _ask(line, dice, dice.choice(secrets), took, errors)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(_p95(took) * 1000, len(took), errors)


def _ask(
    line: http.client.HTTPConnection, dice: random.Random, secret: str, took: list[float], errors: list[str]
) -> None:
    """One in eight writes."""
    body: Any = json.dumps({"title": "Count the chairs"}) if dice.random() < 0.125 else None
    path = "/api/v1/tasks" if body else dice.choice(READS)
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    begin = time.perf_counter()
    try:
        line.request("POST" if body else "GET", path, body, headers)
        answer = line.getresponse()
        said = answer.read()
        if answer.status >= 400:
            errors.append(f"{answer.status} {path} {said[:200]!r}")
    except (OSError, http.client.HTTPException) as error:
        errors.append(f"{path} {error!r}")
        line.close()
    took.append(time.perf_counter() - begin)


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]
