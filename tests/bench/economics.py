"""What a customer costs: tenants of typical use play a hundredth of a month on a real server, and are then counted.

A typical customer is a team of five: six thousand pages, three thousand requests of programs, eight hundred calls of
tools and four hundred tasks of agents in a month. Nobody measured real customers yet; these are ours to argue with.
"""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx

from appliance.app import Box
from appliance.domain import keys, members, sessions, users
from appliance.domain.actor import SYSTEM
from appliance.domain.analytics.amounts import NANO
from appliance.domain.economics import claim, plan_prices, projection, use
from appliance.domain.economics.typical import Typical
from appliance.domain.economics.unit_prices import UnitPrices
from appliance.domain.economics.use import Used
from appliance.domain.key_forms import NewKey
from tests.bench.figure import Figure, Note
from tests.bench.idle import _used as processor_seconds
from tests.bench.scene import Scene, opened, staffed
from tests.crash.server import opened as catalogue_of
from tests.crash.server import serving
from tests.postgres import free_port
from tests.smoke.server import get
from tests.waiting import until

TENANTS, PART = 20, 100
PAGES, REQUESTS, CALLS, TASKS = 60, 30, 8, 4
ROOMS = ("", "board", "inbox", "agents", "costs", "activity")
MONTH_S = 730 * 3600
IDLE_S, SETTLE_S = 15, 6


class Customer(NamedTuple):
    id: str
    slug: str
    session: str
    key: str


def measure() -> Iterator[Figure | Note]:
    with tempfile.TemporaryDirectory(prefix="agenthq-bench-") as scratch:
        folder = Path(scratch) / "data"
        with opened(folder) as box:
            people = [_customer(box, n) for n in range(TENANTS)]
        before, idle = _played(folder, people)
        with catalogue_of(folder) as catalogue:
            with catalogue.control() as control:
                used = use.between(control, "2000-01-01", "2100-01-01")
            kept = sum(catalogue.size(one.id) for one in people) / TENANTS
    yield from _told([used[one.id] for one in people], used[""], kept, before, idle)


def _customer(box: Box, n: int) -> Customer:
    with staffed(box, f"customer-{n:02}") as here:
        return _enter(here)


def _enter(here: Scene) -> Customer:
    slug = here.tenant.slug
    with here.box.catalogue.control() as control:
        user = users.create(control, SYSTEM, f"owner@{slug}.test", "Owner", "correct horse battery")
        member = members.join(control, SYSTEM, here.tenant.id, user.id, "owner")
        key = keys.create(control, member.actor, here.tenant.id, NewKey("program", role="admin"))
        return Customer(here.tenant.id, slug, sessions.start(control, user.id, "bench", 24), key.secret)


def _played(folder: Path, people: list[Customer]) -> tuple[float, float]:
    """Processor seconds of the whole process while all played, and of a second in which nobody does."""
    port = free_port()
    with serving(folder, port) as server:
        until(lambda: _answers(port), 20)
        time.sleep(SETTLE_S)
        begin = processor_seconds(server.process.pid)
        time.sleep(IDLE_S)
        quiet = processor_seconds(server.process.pid)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda one: _play(f"http://127.0.0.1:{port}", one), people))
        busy = processor_seconds(server.process.pid) - quiet
        server.stop()
    return busy, (quiet - begin) / IDLE_S


def _play(origin: str, one: Customer) -> None:
    with httpx.Client(base_url=origin, timeout=60) as client:
        for n in range(PAGES):
            page = client.get(f"/t/{one.slug}/{ROOMS[n % len(ROOMS)]}", cookies={"ahq_session": one.session})
            assert page.status_code == 200, page.text[:300]
        program = {"authorization": f"Bearer {one.key}"}
        for n in range(TASKS):
            task = {"title": f"Work {n}", "body": "Write a short note.", "assignee": "ada"}
            _done(client.post("/api/v1/tasks", json=task, headers=program))
        for n in range(CALLS):
            asked = {"model": "simulated", "messages": [{"role": "user", "content": f"Say {n}"}], "max_tokens": 100}
            _done(client.post("/gw/v1/chat/completions", json=asked, headers=program))
        for n in range(REQUESTS - TASKS):
            _done(client.get("/api/v1/tasks" if n % 2 else "/api/v1/agents", headers=program))
        until(lambda: not _open(client, program), 60)


def _open(client: httpx.Client, program: dict[str, str]) -> bool:
    items = client.get("/api/v1/tasks", headers=program).json()["items"]
    return any(task["state"] in ("todo", "in_progress") for task in items)


def _done(reply: httpx.Response) -> None:
    assert reply.is_success, f"{reply.status_code} {reply.text[:400]}"


def _told(each: list[Used], own: Used, kept: float, busy: float, idle: float) -> Iterator[Figure | Note]:
    cpu, sent = sum(one.cpu_us for one in each) / 1e6, sum(one.bytes_out for one in each) / 1e6
    requests = sum(one.requests for one in each)
    month = PART / TENANTS
    yield Figure("processor time of a customer and month", cpu * month, "s", 300)
    yield Figure("of it for requests, each", sum(one.request_us for one in each) / requests / 1000, "ms")
    yield Figure("of it for a task of an agent", sum(one.work_us for one in each) / TASKS / TENANTS / 1000, "ms")
    yield Figure("processor time given to a tenant, of all while busy", cpu / busy * 100, "%", 60, at_least=True)
    yield Figure("processor time of an idle box with 20 tenants", idle * 100, "%")
    yield Figure("kept by a customer after a hundredth of a month", kept / 1e6, "MB", 5)
    yield Figure("sent to a customer in a month", sent * month, "MB")
    yield Figure("requests of a customer in a month", requests * month, "")
    on = Typical(
        cpu_seconds=f"{cpu * month:.3f}",
        own_seconds=f"{(busy - cpu) * month + idle * MONTH_S / TENANTS:.3f}",
        kept_mb=f"{kept / 1e6:.3f}",
        sent_mb=f"{sent * month:.3f}",
        requests=f"{requests * month:.0f}",
    )
    points = projection.project(UnitPrices(), on).points
    for point in points:
        yield Figure(f"cost of each of {point.customers:,} customers a month", point.each_nano / NANO, "USD")
    for clause in claim.check(points, plan_prices.DEFAULTS):
        yield Note(f"{clause.claim}: {clause.verdict}. {clause.said}")


def _answers(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/livez")[0] == 200
    except OSError:
        return False
