"""What the box adds to a call of a tool outside, with keys, budgets, prices and the ledger on.

Beside a direct call to the same provider, in the same run; medians of ROUNDS. Other gateways (peers/gateways.py) stand
beside it without limits. On a machine that does other things, times tell of these too; processor time a request does
not.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from appliance.domain import budgets, keys, providers
from appliance.domain.actor import SYSTEM
from appliance.domain.key_forms import NewKey
from appliance.domain.provider_forms import ModelPrice, NewProvider
from tests.bench.figure import Figure, Note
from tests.bench.peers import gateways
from tests.bench.peers.servers import Missing
from tests.bench.processes import cpu_ms, resident_mb
from tests.bench.scene import Scene, scene
from tests.crash.server import serving
from tests.postgres import free_port
from tests.smoke.server import get
from tests.waiting import until

ROUNDS = 3
# Connections, requests, and what may be added at the median and for the slowest twentieth, in milliseconds.
# A gateway that takes longer is asked less often: no round takes more than about so long.
ROUND_S = 6.0
LOADS = ((1, 400, 1.5, 4.0), (8, 2000, 6.0, 12.0), (32, 4000, 20.0, 45.0))
STREAMS, STREAM_REQUESTS, FIRST_MS = 8, 400, 5.0
MANY, MANY_MB, RATE = 200, 150.0, 800.0
CPU_MS, IMPORT_S = 1.0, 0.3
WEB, OURS = "appliance.web.site", "appliance.web.surfaces_calls"
MODELS = ["gpt-5", "long-gpt-5"]


class Way(NamedTuple):
    """An address to ask, with its key, and the process that answers there."""

    url: str
    key: str
    pid: int


class Load(NamedTuple):
    """Requests a second, milliseconds, and the processor time of the tools themselves for a request in ms."""

    rate: float
    p50: float
    p95: float
    cpu_ms: float


def measure() -> Iterator[Figure | Note]:
    yield Note(f"gateway: {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before it begins")
    with _fake() as direct:
        with scene() as here, _box(here, direct.url) as box:
            yield from _compare("", direct, box)
        added = _import_s(sys.executable, OURS, WEB)
        yield Figure("import that the first call waits for, processor", added, "s", IMPORT_S)
        yield Figure("import with the whole web server, processor", _import_s(sys.executable, OURS), "s")
        for name, peer in gateways.PEERS.items():
            try:
                with peer.opened(direct.url, MODELS) as way:
                    for figure in _compare(f"{name}: ", direct, Way(*way)):
                        yield figure._replace(limit=None) if isinstance(figure, Figure) else figure
                taken = _import_s(str(peer.python()), peer.module, env=peer.env)
                yield Figure(f"{name}: import, processor", taken, "s")
            except Missing as missing:
                yield Note(f"{name}: left out, {missing}")
    yield Note(f"gateway: load {os.getloadavg()[0]:.1f} at its end")


def _compare(who: str, direct: Way, through: Way) -> Iterator[Figure | Note]:
    warm = _once(through, 8, 160)
    for connections, most, p50, p95 in LOADS:
        requests = max(4 * connections, min(most, int(warm.rate * ROUND_S)))
        began = cpu_ms(through.pid)
        bare, with_it = _both(direct, through, connections, requests)
        used = (cpu_ms(through.pid) - began) / requests / ROUNDS
        at = f"{who}at {connections} connections"
        yield Figure(f"{at}, added at the median", with_it.p50 - bare.p50, "ms", p50)
        yield Figure(f"{at}, added at p95", with_it.p95 - bare.p95, "ms", p95)
        yield Figure(f"{at}, requests", with_it.rate, "/s", RATE if connections == 32 else None, at_least=True)
        yield Figure(f"{at}, requests direct", bare.rate, "/s")
        yield Figure(f"{at}, processor a request", used, "ms", CPU_MS if connections == 32 else None)
    yield _tools_of(who, direct, with_it, used)
    requests = max(4 * STREAMS, min(STREAM_REQUESTS, int(warm.rate * ROUND_S)))
    bare, with_it = _both(direct, through, STREAMS, requests, stream=True)
    yield Figure(f"{who}at {STREAMS} streams, first event later by", with_it.p50 - bare.p50, "ms", FIRST_MS)
    yield Figure(f"{who}memory after that", resident_mb(through.pid), "MB")
    yield Figure(f"{who}memory of {MANY} streams at once", _grown_mb(through), "MB", MANY_MB)


def _tools_of(who: str, direct: Way, load: Load, used: float) -> Note:
    """Whether what asks and what answers are small beside what is measured."""
    began = cpu_ms(direct.pid)
    _once(direct, 32, 4000)
    fake = (cpu_ms(direct.pid) - began) / 4000
    told = f"{who}what asks takes {load.cpu_ms:.3f} ms of processor a request, what answers {fake:.3f}"
    return Note(f"{told}: {'they are what is measured' if load.cpu_ms + fake > used else 'not the bottleneck'}")


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
    return Load(found["rate"], statistics.median(times), times[int(len(times) * 0.95)], found["cpu_ms"])


def _import_s(python: str, module: str, after: str = "time", env: dict[str, str] | None = None) -> float:
    """Processor time, the median of a few fresh processes; of what `after` has not imported yet."""
    program = f"import time, {after}; began = time.process_time(); import {module}; print(time.process_time() - began)"
    command, around = [python, "-c", program], os.environ | (env or {})
    runs = [subprocess.run(command, env=around, capture_output=True, text=True, check=True) for _ in range(ROUNDS)]
    return statistics.median(float(run.stdout.split()[-1]) for run in runs)


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
    before = most = resident_mb(way.pid)
    with _loading(way, MANY, MANY, stream=True, model=MODELS[1]) as tools:
        while tools.poll() is None:
            time.sleep(0.25)
            most = max(most, resident_mb(way.pid))
    if tools.returncode:
        raise RuntimeError("The streams did not end well.")
    return most - before


@contextmanager
def _fake() -> Iterator[Way]:
    command = [sys.executable, "-m", "tests.bench.gateway_fake"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as fake:
        assert fake.stdout
        try:
            yield Way(f"http://127.0.0.1:{int(fake.stdout.readline())}/v1", "none", fake.pid)
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
        until(lambda: answers(port), 90)
        yield Way(f"http://127.0.0.1:{port}/gw/v1", key.secret, server.process.pid)
        server.stop()


def answers(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/livez")[0] == 200
    except OSError:
        return False
