"""What a tenant notices of a neighbour that asks ten times as much: the slowest hundredth of its API requests.

Requests begin by the clock, whether earlier ones were answered or not, as those of many people do. The alone and the
beside part take turns, so that what else the machine does falls on both.
"""

import asyncio
import time
from collections.abc import Iterator

import httpx

from appliance.domain import keys
from appliance.domain.actor import SYSTEM
from appliance.domain.key_forms import NewKey
from tests.bench.figure import Figure, Note
from tests.bench.gateway import answers
from tests.bench.scene import scene, staffed
from tests.crash.server import serving
from tests.postgres import free_port
from tests.waiting import until

RATE, TIMES, SECONDS, ROUNDS = 5, 10, 6.0, 3
MOST_RATIO = 2.0


def measure() -> Iterator[Figure | Note]:
    with scene() as here, staffed(here.box, "loud") as loud:
        with here.box.catalogue.control() as control:
            quiet_key, loud_key = (
                keys.create(control, SYSTEM, tenant.id, NewKey("Bench", role="operator")).secret
                for tenant in (here.tenant, loud.tenant)
            )
        port = free_port()
        with serving(here.folder, port) as server:
            until(lambda: answers(port), 90)
            alone, beside = asyncio.run(_rounds(f"http://127.0.0.1:{port}/api/v1", quiet_key, loud_key))
            server.stop()
    yield Figure("p99 of a tenant alone", alone, "ms")
    yield Figure(f"p99 beside a neighbour at {TIMES} times its load", beside, "ms")
    yield Figure("how many times as slow", beside / alone, "", MOST_RATIO)


async def _rounds(url: str, quiet: str, loud: str) -> tuple[float, float]:
    alone, beside = list[float](), list[float]()
    async with _client(url, quiet) as quiet_client, _client(url, loud) as loud_client:
        await _ask(quiet_client, RATE, 1)
        for _ in range(ROUNDS):
            alone += await _ask(quiet_client, RATE, SECONDS)
            both = await asyncio.gather(_ask(quiet_client, RATE, SECONDS), _ask(loud_client, RATE * TIMES, SECONDS))
            beside += both[0]
    return _p99(alone), _p99(beside)


def _client(url: str, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=120)


async def _ask(client: httpx.AsyncClient, rate: int, seconds: float) -> list[float]:
    """The milliseconds of each request."""
    times = list[float]()

    async def one(at: float) -> None:
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        reply = await client.get("/tasks")
        reply.raise_for_status()
        times.append((time.perf_counter() - at) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(one(began + n / rate) for n in range(int(rate * seconds))))
    return times


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]
