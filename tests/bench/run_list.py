"""The list of runs of a tenant with a long past."""

import time
from collections.abc import Iterator

from appliance.db.database import Database
from appliance.domain import agents, records, run_list
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from tests.bench import filling
from tests.bench.figure import Figure
from tests.bench.scene import scene

RUNS = 1_000_000
ASKED = 50


def measure() -> Iterator[Figure]:
    with scene() as here:
        bo = agents.create(here.db, SYSTEM, NewAgent("bo", "Bo", "Work.", "simulated")).id
        filling.ended(here.db, RUNS)
        middle = records.cursor(f"01890000-0000-7000-8000-{RUNS // 2:012x}")
        filters = {
            "newest": ("", "", ""),
            "of a common state": ("succeeded", "", ""),
            "of a rare state": ("failed", "", ""),
            "of an agent": ("", bo, ""),
            "of an agent in a rare state": ("failed", bo, ""),
            "in the middle": ("succeeded", bo, middle),
        }
        for name, asked in filters.items():
            yield Figure(f"{RUNS:,} runs, a page {name}, p95", _p95(here.db, *asked), "ms", 50)


def _p95(db: Database, state: str, agent_id: str, cursor: str) -> float:
    """Milliseconds."""
    times = []
    for _ in range(ASKED):
        begin = time.perf_counter()
        found = run_list.listing(db, state, agent_id, cursor)
        times.append(time.perf_counter() - begin)
        assert found.items
    return sorted(times)[int(ASKED * 0.95)] * 1000
