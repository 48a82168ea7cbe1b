"""Durable no-op runs, to stand beside the peers' no-op jobs: claimed, carried out, completed, on the disk.

Runs are taken by the batch, a commit for the end of one and the claim of the next, each with FULL sync.
"""

import statistics
import time
from collections.abc import Callable, Iterator

from appliance import app
from appliance.db.database import Database
from appliance.domain import agents, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.task_forms import NewTask
from appliance.engine import bodies
from appliance.engine.bodies import Body
from appliance.engine.engine import Engine
from tests.bench.figure import Figure
from tests.bench.scene import Scene, scene

RUNS = 5000
ROUNDS = 3


def measure() -> Iterator[Figure]:
    bodies.BODIES["noop"] = Body(lambda work: "", quick=True)
    with scene() as here:
        agents.create(here.db, SYSTEM, NewAgent("noop", "No-op", "Nothing.", "simulated", max_concurrency=100))
        here.db.update("agents", {"slug": "noop"}, runtime="noop")
        rounds = [_round(here) for _ in range(ROUNDS)]
        drain, whole = (statistics.median(rates) for rates in zip(*rounds, strict=True))
        yield Figure("AgentHQ no-op runs, drain (FULL sync)", drain, "/s", 2000, at_least=True)
        yield Figure("AgentHQ no-op runs, hand out and drain", whole, "/s")
        with app.running_engine(here.box):
            _hand_out(here.db, 200)
            _until_done(here.db)
            rates = [RUNS / _seconds(lambda: _at_once(here.db)) for _ in range(ROUNDS)]
        yield Figure("AgentHQ no-op runs, handed out while it works", statistics.median(rates), "/s")


def _round(here: Scene) -> tuple[float, float]:
    """Runs a second from the start of an engine with all of them queued, and with the time of handing them out."""
    handed = _seconds(lambda: _hand_out(here.db, RUNS))
    engine = Engine(here.box.catalogue, here.box.calls, here.box.owner, 2, 30)
    drained = _seconds(lambda: (engine.start(), _until_done(here.db)))
    engine.stop()
    return RUNS / drained, RUNS / (handed + drained)


def _at_once(db: Database) -> None:
    _hand_out(db, RUNS)
    _until_done(db)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _hand_out(db: Database, count: int) -> None:
    """One call at a time, as an application hands out its work."""
    for _ in range(count):
        tasks.create(db, SYSTEM, NewTask("No-op", "", "noop"))


def _until_done(db: Database) -> None:
    while db.one("SELECT id FROM runs WHERE state IN ('ready', 'running') LIMIT 1"):
        time.sleep(0.002)
