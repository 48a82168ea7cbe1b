"""Workflows of one step that does nothing, beside Temporal's of one activity that does nothing, in this run.

Ours are on the disk with FULL sync at each commit; Temporal's test server keeps them in memory.
"""

import statistics
import time
from collections.abc import Iterator

from appliance import app
from appliance.db.database import Database
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
from tests.bench.scene import scene

COUNT = 1000
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
        with app.running_engine(here.box):
            _rate(here.db, 100)
            return [_rate(here.db, COUNT) for _ in range(ROUNDS)]


def _rate(db: Database, count: int) -> float:
    """From the first start, one call at a time, to the last end."""
    begin = time.perf_counter()
    for _ in range(count):
        starting.start(db, SYSTEM, "one", {})
    while db.one("SELECT id FROM instances WHERE finished_at IS NULL LIMIT 1"):
        time.sleep(0.002)
    return count / (time.perf_counter() - begin)
