"""Start, memory and size of the built files: medians of several runs on an empty data folder each."""

import http.client
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.processes import resident_mb
from tests.smoke.server import Box, get, serving

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "dist/agenthq"
FOLDER = ROOT / "dist/agenthq-folder/agenthq"
RUNS = 7


def measure() -> Iterator[Figure]:
    yield Figure("single file", FILE.stat().st_size / 1e6, "MB", 60)
    yield Figure("--version, folder build", statistics.median(version_seconds() for _ in range(RUNS)), "s", 0.15)
    folder = [start(FOLDER) for _ in range(RUNS)]
    yield Figure("start to first page, folder build", statistics.median(seconds for seconds, _ in folder), "s", 0.6)
    single = [start(FILE) for _ in range(RUNS)]
    yield Figure("start to first page, single file", statistics.median(seconds for seconds, _ in single), "s", 1.5)
    yield Figure("resident memory after the first page", statistics.median(size for _, size in folder), "MB", 110)
    yield Figure("a page on a kept connection", kept(FOLDER), "ms", 20)


def version_seconds() -> float:
    started = time.perf_counter()
    subprocess.run([str(FOLDER), "--version"], check=True, capture_output=True)
    return time.perf_counter() - started


def kept(executable: Path) -> float:
    """Milliseconds of the median of a hundred; what waits for an acknowledgement of the other side takes 40 more."""
    took = []
    with (
        tempfile.TemporaryDirectory(prefix="agenthq-bench-") as folder,
        serving(Box(executable, Path(folder))) as server,
    ):
        with closing(http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)) as line:
            for _ in range(100):
                began = time.perf_counter()
                line.request("GET", "/setup")
                line.getresponse().read()
                took.append(time.perf_counter() - began)
        server.stop()
    return statistics.median(took) * 1000


def start(executable: Path) -> tuple[float, float]:
    """Seconds from the command to the first page, and the resident megabytes of the program then."""
    with tempfile.TemporaryDirectory(prefix="agenthq-bench-") as folder:
        started = time.perf_counter()
        with serving(Box(executable, Path(folder))) as server:
            get(f"{server.url}/")
            seconds = time.perf_counter() - started
            resident = resident_mb(server.pids()[-1])
            server.stop()
    return seconds, resident
