"""What the box adds to a call of a tool outside, with keys, budgets, prices and the ledger on.

Beside a direct call to the same provider, in the same run; medians of ROUNDS. Other gateways (peers/gateways.py) stand
beside it without limits.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from appliance.domain import budgets, keys, providers
from appliance.domain.actor import SYSTEM
from appliance.domain.key_forms import NewKey
from appliance.domain.provider_forms import ModelPrice, NewProvider
from tests.bench.figure import Figure, Note
from tests.bench.peers import gateways
from tests.bench.peers.servers import Missing
from tests.bench.scene import Scene, scene
from tests.crash.server import serving
from tests.postgres import free_port
from tests.smoke.server import get
from tests.waiting import until

ROUNDS = 3
# Connections, requests, and what may be added at the median and for the slowest twentieth, in milliseconds.
LOADS = ((1, 400, 1.5, 4.0), (8, 2000, 6.0, 12.0), (32, 4000, 20.0, 45.0))
STREAMS, STREAM_REQUESTS, FIRST_MS = 8, 400, 5.0
MANY, MANY_MB, RATE = 200, 150.0, 800.0
MODELS = ["gpt-5", "long-gpt-5"]


class Way(NamedTuple):
    """An address to ask, with its key; `pid` of the process that answers, where it counts."""

    url: str
    key: str
    pid: int = 0


class Load(NamedTuple):
    rate: float
    p50: float
    p95: float


def measure() -> Iterator[Figure | Note]:
    with _fake() as fake:
        direct = Way(fake, "none")
        with scene() as here, _box(here, fake) as box:
            yield from _compare("", direct, box)
        for name, opened in gateways.PEERS.items():
            try:
                with opened(fake) as (url, key):
                    for figure in _compare(f"{name}: ", direct, Way(url, key)):
                        yield figure._replace(limit=None)
            except Missing as missing:
                yield Note(f"{name}: left out, {missing}")


def _compare(who: str, direct: Way, through: Way) -> Iterator[Figure]:
    _once(through, 8, 400)
    for connections, requests, p50, p95 in LOADS:
        bare, with_it = _both(direct, through, connections, requests)
        at = f"{who}at {connections} connections"
        yield Figure(f"{at}, added at the median", with_it.p50 - bare.p50, "ms", p50)
        yield Figure(f"{at}, added at p95", with_it.p95 - bare.p95, "ms", p95)
        yield Figure(f"{at}, requests", with_it.rate, "/s", RATE if connections == 32 else None, at_least=True)
        yield Figure(f"{at}, requests direct", bare.rate, "/s")
    bare, with_it = _both(direct, through, STREAMS, STREAM_REQUESTS, stream=True)
    yield Figure(f"{who}at {STREAMS} streams, first event later by", with_it.p50 - bare.p50, "ms", FIRST_MS)
    if through.pid:
        yield Figure(f"{who}memory of {MANY} streams at once", _grown_mb(through), "MB", MANY_MB)


def _both(direct: Way, through: Way, connections: int, requests: int, stream: bool = False) -> tuple[Load, Load]:
    """Taken in turns, so that what else the machine does falls on both."""
    rounds = [[_once(way, connections, requests, stream) for way in (direct, through)] for _ in range(ROUNDS)]
    return _median([bare for bare, _ in rounds]), _median([with_it for _, with_it in rounds])


def _median(loads: list[Load]) -> Load:
    return Load(*(statistics.median(values) for values in zip(*loads, strict=True)))


def _once(way: Way, connections: int, requests: int, stream: bool = False) -> Load:
    with _loading(way, connections, requests, stream) as tools:
        said = tools.communicate(timeout=300)[0]
    if tools.returncode:
        raise RuntimeError(f"The load ended with {tools.returncode}.")
    found = json.loads(said)
    times = sorted(found["times"])
    return Load(found["rate"], statistics.median(times), times[int(len(times) * 0.95)])


@contextmanager
def _loading(
    way: Way, connections: int, requests: int, stream: bool, model: str = MODELS[0]
) -> Iterator["subprocess.Popen[str]"]:
    given = {"url": way.url, "key": way.key, "connections": connections, "requests": requests}
    given |= {"stream": stream, "model": model}
    command = [sys.executable, "-m", "tests.bench.gateway_load", json.dumps(given)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tools:
        yield tools


def _grown_mb(way: Way) -> float:
    before = most = _rss_mb(way.pid)
    with _loading(way, MANY, MANY, stream=True, model=MODELS[1]) as tools:
        while tools.poll() is None:
            time.sleep(0.25)
            most = max(most, _rss_mb(way.pid))
    if tools.returncode:
        raise RuntimeError("The streams did not end well.")
    return most - before


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def _fake() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.gateway_fake"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as fake:
        assert fake.stdout
        try:
            yield f"http://127.0.0.1:{int(fake.stdout.readline())}/v1"
        finally:
            fake.kill()


@contextmanager
def _box(here: Scene, fake: str) -> Iterator[Way]:
    prices = {MODELS[1]: ModelPrice(1.25, 10)}
    account = NewProvider("fake", "openai-compatible", fake, "sk-fake", MODELS, prices)
    providers.add(here.db, SYSTEM, here.box.vault, account)
    budgets.put(here.db, SYSTEM, "tenant", "", "month", 10**15)
    with here.box.catalogue.control() as control:
        key = keys.create(control, SYSTEM, here.tenant.id, NewKey("bench", gateway_only=True))
    port = free_port()
    with serving(here.folder, port) as server:
        until(lambda: _answers(port), 20)
        yield Way(f"http://127.0.0.1:{port}/gw/v1", key.secret, server.process.pid)
        server.stop()


def _answers(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/livez")[0] == 200
    except OSError:
        return False
