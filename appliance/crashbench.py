"""Does this very program lose or repeat work when it is killed? Tries it in a scratch folder and looks from outside.

Real server processes work on the simulated provider and are killed at random, as a power cut would.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

from appliance import app, children, clock, settings
from appliance.db.database import Database
from appliance.domain import agents, runs, samples, tasks, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.task_forms import NewTask

PATIENCE_S = 120
LONGEST_LIFE_S = 1.5
# Two effects inside, one in a file, and the end; each answer of the model takes a moment.
SCRIPT = """sim: latency 20ms
sim: tool task.comment {"text": "first"}
sim: tool workspace.write {"path": "note.md", "content": "text"}
sim: tool task.comment {"text": "second"}
sim: tool task.finish {"summary": "All done."}"""
SAID = 2
_STARTED = "SELECT at FROM events WHERE kind = 'run.started' AND at > :at ORDER BY seq LIMIT 1"


class Outcome(NamedTuple):
    """`lost` counts runs and effects that are missing, `duplicated` those there are too many of."""

    seed: int
    kills: int
    runs: int
    lost: int
    duplicated: int
    fences: int
    reservations: int
    max_resume_ms: float
    integrity: str

    @property
    def ok(self) -> bool:
        return not (self.lost or self.duplicated or self.fences or self.reservations) and self.integrity == "ok"

    def line(self) -> str:
        return (
            f"seed={self.seed} kills={self.kills} runs={self.runs} lost={self.lost} duplicated={self.duplicated} "
            f"fences_wrong={self.fences} reservations_left={self.reservations} "
            f"max_resume_ms={self.max_resume_ms:.0f} integrity={self.integrity}"
        )


def run(count: int, kills: int, seed: int) -> Outcome:
    """Work through `count` runs while the server is killed `kills` times; then count what is there."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="agenthq-bench-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch) / "data"
        tenant_id = _prepare(folder, count)
        with app.open_data(_settings(folder)) as catalogue, catalogue.open(tenant_id) as db:
            resumed = [_life(db, folder, chance.uniform(0.1, LONGEST_LIFE_S)) for _ in range(kills)]
            resumed.append(_last_life(db, folder))
            return _judge(db, Outcome(seed, kills, count, 0, 0, 0, 0, max(resumed), ""))


def _settings(folder: Path) -> settings.Settings:
    return settings.load({"data": str(folder)}, env={})


def _prepare(folder: Path, count: int) -> str:
    values = _settings(folder)
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box:
        with catalogue.control() as control:
            tenant = tenants.create(catalogue, control, box.vault, "bench", "Bench")
        with catalogue.open(tenant.id) as db, db.transaction():
            samples.add_simulated(db, SYSTEM, box.vault, pace="instant")
            agents.create(db, SYSTEM, NewAgent("ada", "Ada", "Work.", "simulated", max_concurrency=100))
            for n in range(count):
                tasks.create(db, SYSTEM, NewTask(f"Piece of work {n + 1}", SCRIPT, "ada"))
    return tenant.id


@contextmanager
def _server(folder: Path) -> Iterator["Popen[str]"]:
    server = children.start([*children.ourselves(), "serve", "--no-open", "--port", "0", "--data", str(folder)])
    try:
        yield server
    finally:
        server.kill()
        server.communicate()


def _life(db: Database, folder: Path, seconds: float) -> float:
    """Milliseconds from the start to the first claim; killed `seconds` after that."""
    asked = clock.iso()
    with _server(folder):
        resumed = _resumed_ms(db, asked)
        time.sleep(seconds)
    return resumed


def _last_life(db: Database, folder: Path) -> float:
    asked = clock.iso()
    with _server(folder) as server:
        resumed = _resumed_ms(db, asked)
        until = clock.monotonic() + PATIENCE_S
        while _open(db) and clock.monotonic() < until:
            time.sleep(0.05)
        server.terminate()
        server.communicate(timeout=PATIENCE_S)
    return resumed


def _resumed_ms(db: Database, asked: str) -> float:
    """0 when there was nothing left to go on with."""
    until = clock.monotonic() + PATIENCE_S
    while _open(db) and clock.monotonic() < until:
        if first := db.value(_STARTED, {"at": asked}):
            return clock.seconds_between(asked, first) * 1000
        time.sleep(0.01)
    return 0.0


def _open(db: Database) -> int:
    states = ", ".join(f"'{state}'" for state in runs.OPEN)
    return int(db.value(f"SELECT COUNT(*) AS n FROM runs WHERE state IN ({states})"))


def _judge(db: Database, outcome: Outcome) -> Outcome:
    def count(sql: str) -> int:
        return int(db.value(sql))

    ended = count("SELECT COUNT(DISTINCT task_id) AS n FROM runs WHERE state = 'succeeded'")
    extra_runs = count("SELECT COUNT(*) AS n FROM runs") - outcome.runs
    extra_comments = count("SELECT COUNT(*) AS n FROM comments") - SAID * outcome.runs
    claims = "SELECT COUNT(*) FROM events e WHERE e.run_id = r.id AND e.kind = 'run.started'"
    return outcome._replace(
        lost=outcome.runs - ended + max(0, -extra_comments),
        duplicated=max(0, extra_runs) + max(0, extra_comments),
        fences=count(f"SELECT COUNT(*) AS n FROM runs r WHERE r.fence <> ({claims})"),
        reservations=count("SELECT COUNT(*) AS n FROM reservations"),
        integrity=db.integrity(),
    )
