"""Workflows carried out: a map of many items, a chain of steps, and where the time goes."""

import statistics
import time
from collections.abc import Callable, Iterator

from appliance import app
from appliance.domain import agents, task_tree
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.instances import nodes, rows, starting
from appliance.domain.workflows.definition import AgentStep, MapStep, Step
from appliance.engine import bodies
from appliance.engine.bodies import Body
from tests.bench.figure import Figure
from tests.bench.scene import Scene, scene
from tests.engine import flows

ITEMS = 10_000
BOUND = 50
STEPS = 100
ROUNDS = 3


def measure() -> Iterator[Figure]:
    bodies.BODIES["noop"] = Body(lambda work: "", quick=True)
    with scene() as here:
        agents.create(here.db, SYSTEM, NewAgent("noop", "No-op", "Nothing.", "simulated", max_concurrency=100))
        here.db.update("agents", {"slug": "noop"}, runtime="noop")
        _map_of(here)
        _chain_of(here)
        with app.running_engine(here.box):
            _run(here, "chain", [])
            took = statistics.median(_run(here, "chain", []) for _ in range(ROUNDS))
            yield Figure(f"A chain of {STEPS} agent steps", took, "s", 0.3)
            _run(here, "map", list(range(500)))
            took = _run(here, "map", list(range(ITEMS)))
        yield Figure(f"A map of {ITEMS:,} items, {BOUND} at once", ITEMS / took, "/s", 500, at_least=True)
        task_id = str(rows.listing(here.db, "map").items[0].task_id)
        took = statistics.median(_seconds(lambda: task_tree.of(here.db, task_id)) for _ in range(ROUNDS))
        yield Figure("  the tree of its task", took * 1000, "ms", 50)


def _map_of(here: Scene) -> None:
    work = Step("work", AgentStep("noop", body="${{ item }}"))
    flows.apply(
        here.db, [Step("each", MapStep("${{ inputs.list }}", [work], bound=BOUND, output="${{ item }}"))], "map"
    )


def _chain_of(here: Scene) -> None:
    steps = [Step(f"s{n}", AgentStep("ada", body="sim: say ok")) for n in range(STEPS)]
    flows.apply(here.db, flows.chain(*steps), "chain")


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _run(here: Scene, slug: str, items: list[int]) -> float:
    """Seconds from the start to the end of an instance."""
    began = time.perf_counter()
    made = starting.start(here.db, SYSTEM, slug, {"list": items})
    while here.db.value("SELECT state FROM instances WHERE id = :id", {"id": made.id}) == "running":
        time.sleep(0.002)
    took = time.perf_counter() - began
    ended = rows.by_id(here.db, made.id)
    assert ended.state == "succeeded", ended.failure_detail
    if items:
        assert ended.output == items
        assert nodes.counts(here.db, made.id) == {"done": 2 * len(items) + 1}
    return took


if __name__ == "__main__":
    for figure in measure():
        print(figure.line())
