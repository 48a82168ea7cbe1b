"""The org chart of 500 agents: layout alone, and the page as a server makes it; and the list of a million wakes."""

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from appliance import children
from appliance.db.database import Database
from appliance.domain import agents, org, records, wake_counts, wake_list
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.wake_list import Filter
from appliance.web import org_chart, org_layout
from tests.bench import board, filling
from tests.bench.figure import Figure
from tests.bench.scene import scene
from tests.postgres import free_port

AGENTS, WAKES, ASKED = 500, 1_000_000, 50


def measure() -> Iterator[Figure]:
    with scene() as here:
        _hire(here.db)
        seats = [org_chart.seat(place, set()) for place in org.tree(here.db)]
        yield Figure(f"org chart of {AGENTS} agents, layout, p95", _p95(lambda: org_layout.draw(seats)), "ms", 50)
    with tempfile.TemporaryDirectory(prefix="agenthq-bench-") as folder:
        token, port = board.fill(Path(folder), _hire), free_port()
        server = children.start([*children.ourselves(), "serve", "--no-open", "--port", str(port), "--data", folder])
        try:
            board.until_up(port)
            cookie = board.sign_in(port, token)
            taken = _p95(lambda: board.first_byte(port, cookie, "agents/chart"))
        finally:
            server.terminate()
            server.communicate(timeout=20)
    yield Figure(f"org chart of {AGENTS} agents, first byte of the page, p95", taken, "ms", 200)
    with scene() as here:
        bo = agents.create(here.db, SYSTEM, NewAgent("bo", "Bo", "Work.", "simulated")).id
        filling.woken(here.db, WAKES)
        middle = records.cursor(f"01890000-0000-7000-8000-{WAKES // 2:012x}")
        asked = {
            "newest": (Filter(), ""),
            "of a rare state": (Filter(state="dropped"), ""),
            "of a rare reason": (Filter(reason="answered"), ""),
            "of a rare reason in a common state": (Filter(state="coalesced", reason="answered"), ""),
            "of an agent": (Filter(agent_id=bo), ""),
            "of an agent in a rare state": (Filter(agent_id=bo, state="dropped"), ""),
            "in the middle": (Filter(state="run"), middle),
        }
        for name, (chosen, cursor) in asked.items():
            taken = _p95(lambda chosen=chosen, cursor=cursor: wake_list.listing(here.db, chosen, cursor))
            yield Figure(f"{WAKES:,} wakes, a page {name}, p95", taken, "ms", 50)
        yield Figure(
            f"{WAKES:,} wakes, figures of the last day, p95", _p95(lambda: wake_counts.counts(here.db)), "ms", 50
        )


def _hire(db: Database) -> None:
    choose, made = random.Random(7), list[str]()
    with db.transaction():
        for n in range(AGENTS):
            manager = made[choose.randrange(max(0, n // 8 - 2), (n - 1) // 5 + 1)] if made else None
            agents.create(db, SYSTEM, NewAgent(f"agent-{n}", f"Agent {n}", "Work.", "simulated", "Clerk", manager))
            made.append(f"agent-{n}")


def _p95(act: Any) -> float:
    """Milliseconds."""
    times = []
    for _ in range(ASKED):
        begin = time.perf_counter()
        assert act()
        times.append(time.perf_counter() - begin)
    return sorted(times)[int(ASKED * 0.95)] * 1000
