"""Durable no-op jobs a second of others, on this machine in this run: what our own figures stand beside.

Each peer takes its jobs one call at a time, as an application hands out one piece of work, then a worker carries them
out; every acknowledged job survives a kill of the worker. Redis flushes its log on each write (always) or once a
second (everysec: a power cut takes up to a second of acknowledged jobs along); PostgreSQL and SQLite flush each commit.
"""

import json
import os
import statistics
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.figure import Figure, Note
from tests.bench.peers import bare, install, servers
from tests.bench.peers.servers import Missing

JOBS = 2000
ROUNDS = 3
PROGRAMS = Path(__file__).parent / "jobs"
ROUND_S = 300
BATCH = 20
Rates = tuple[float, float]


def measure() -> Iterator[Figure | Note]:
    for name, once in PEERS.items():
        try:
            rounds = [once() for _ in range(ROUNDS)]
        except Missing as missing:
            yield Note(f"{name}: left out, {missing}")
            continue
        drain, whole = (statistics.median(rates) for rates in zip(*rounds, strict=True))
        yield Figure(f"{name}, drain", drain, "/s")
        yield Figure(f"{name}, hand out and drain", whole, "/s")


def _celery(fsync: str) -> Rates:
    with servers.redis(fsync) as url:
        return _python("celery", "celery_jobs.py", url)


def _procrastinate() -> Rates:
    with servers.database() as url:
        return _python("procrastinate", "procrastinate_jobs.py", url)


def _dbos() -> Rates:
    with servers.database() as url:
        return _python("dbos", "dbos_jobs.py", url)


def _bullmq(fsync: str) -> Rates:
    modules = install.node()
    with servers.redis(fsync) as url:
        program = [str(PROGRAMS / "bullmq_jobs.cjs"), str(urlsplit(url).port), str(JOBS)]
        return _rates(["node", *program], NODE_PATH=str(modules))


def _python(package: str, program: str, url: str) -> Rates:
    return _rates([str(install.python(package)), str(PROGRAMS / program), url, str(JOBS)])


def _rates(command: list[str], **extra: str) -> Rates:
    """Runs one round of a peer's program. Raises Missing with what it said when it did not get to its end."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | extra
    try:
        done = subprocess.run(
            command, cwd=PROGRAMS, env=env, capture_output=True, text=True, timeout=ROUND_S, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise Missing(f"it took more than {ROUND_S} s") from late
    if done.returncode:
        raise Missing(f"it failed: {' '.join(done.stderr.split())[-300:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    return JOBS / told["drain_s"], JOBS / (told["hand_out_s"] + told["drain_s"])


PEERS: dict[str, Callable[[], Rates]] = {
    "bare claim and done, SQLite": lambda: bare.rate(JOBS, 1),
    f"bare claim and done, SQLite, {BATCH} a commit": lambda: bare.rate(JOBS * 10, BATCH),
    "Celery, Redis always": lambda: _celery("always"),
    "Celery, Redis everysec": lambda: _celery("everysec"),
    "BullMQ, Redis always": lambda: _bullmq("always"),
    "BullMQ, Redis everysec": lambda: _bullmq("everysec"),
    "procrastinate, PostgreSQL": _procrastinate,
    "DBOS, PostgreSQL": _dbos,
}
