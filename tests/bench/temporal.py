"""Workflows of one step that does nothing, beside Temporal's of one activity that does nothing, in this run.

Both have 50 callers at the same time. Ours are on the disk with FULL sync at each commit; Temporal's test server keeps
them in memory.
"""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from appliance import app
from appliance.domain import agents
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.instances import starting
from appliance.domain.workflows import library
from appliance.engine import bodies
from appliance.engine.bodies import Body
from tests.bench.figure import Figure, Note
from tests.bench.peers import temporal
from tests.bench.peers.servers import Missing
from tests.bench.scene import Scene, scene

COUNT = 1000
AT_ONCE = 50
ROUNDS = 3
ONE = """
slug: one
name: One step
steps:
  - id: nothing
    agent: noop
    title: Nothing
"""


def measure() -> Iterator[Figure | Note]:
    ours = statistics.median(_ours())
    yield Figure("AgentHQ workflows of one step (FULL sync)", ours, "/s")
    try:
        theirs = statistics.median(temporal.rate(COUNT) for _ in range(ROUNDS))
    except Missing as missing:
        yield Note(f"Temporal's test server: left out, {missing}")
        return
    yield Figure("Temporal test server, workflows of one activity", theirs, "/s")
    yield Figure("  ours to theirs", ours / theirs, "x", 5, at_least=True)


def _ours() -> list[float]:
    bodies.BODIES["noop"] = Body(lambda work: "", quick=True)
    with scene() as here:
        agents.create(here.db, SYSTEM, NewAgent("noop", "No-op", "Nothing.", "simulated", max_concurrency=100))
        here.db.update("agents", {"slug": "noop"}, runtime="noop")
        library.apply(here.db, SYSTEM, ONE)
        with app.running_engine(here.box), ThreadPoolExecutor(AT_ONCE) as callers:
            _rate(here, callers, 100)
            return [_rate(here, callers, COUNT) for _ in range(ROUNDS)]


def _rate(here: Scene, callers: ThreadPoolExecutor, count: int) -> float:
    """From the first start to the last end."""

    def start(_: int) -> None:
        with here.box.catalogue.open(here.tenant.id) as db:
            starting.start(db, SYSTEM, "one", {})

    begin = time.perf_counter()
    list(callers.map(start, range(count)))
    while here.db.one("SELECT id FROM instances WHERE finished_at IS NULL LIMIT 1"):
        time.sleep(0.002)
    return count / (time.perf_counter() - begin)
