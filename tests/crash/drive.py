"""L0: a crowd hands out work while the worker is killed at random again and again; then the oracles judge.

The crowd and the oracles live in this process, the worker in one of its own that gets nothing but the data folder.
"""

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from appliance import clock
from appliance.db.tenants import Catalogue
from tests.crash import oracles, plays, scene
from tests.crash.crowd import Crowd
from tests.crash.oracles import Judgement
from tests.crash.scene import Place

PATIENCE_S = 120
RESUME_MS = 1000
_BUSY = "SELECT id FROM runs WHERE state IN ('ready', 'running') AND ready_at <= :now LIMIT 1"
_OPEN = "SELECT COUNT(*) AS n FROM runs WHERE state NOT IN ('succeeded', 'failed', 'cancelled', 'timed_out')"
_FIRST = "SELECT at FROM events WHERE kind = 'run.started' AND at > :at ORDER BY seq LIMIT 1"


class Plan(NamedTuple):
    """How much of what; `longest_s` is the longest life, `options` goes to the worker."""

    runs: int = 10_000
    kills: int = 100
    seed: int = 1
    longest_s: float = 1.2
    options: tuple[str, ...] = ()


class Life(NamedTuple):
    """When a worker was asked for, when its program was loaded, and when it ended; there was work to go on with."""

    asked: str
    loaded: str
    ended: str


class Report(NamedTuple):
    """`resumed_ms` is from the command that starts a worker to its first claim; `late` counts the slow ones."""

    plan: Plan
    kills: int
    judged: Judgement
    resumed_ms: list[float]
    late: int
    seconds: float

    @property
    def faults(self) -> list[str]:
        # One slow moment of a busy machine is no slow start; more than one and a twentieth of all are.
        slow = (self.late - 1) * 20 > len(self.resumed_ms)
        return [*self.judged.faults, *([f"O9 {self.late} of {len(self.resumed_ms)} starts were late"] * slow)]

    def line(self) -> str:
        found = self.judged
        return (
            f"seed={self.plan.seed} kills={self.kills} runs={found.runs} lost={found.lost} "
            f"duplicated={found.duplicated} redelivered={found.redelivered} "
            f"max_resume_ms={max(self.resumed_ms, default=0):.0f} "
            f"integrity={'damaged' if 'O8' in found.names else 'ok'}"
        )


class Killer(threading.Thread):
    """Starts the worker and kills it, `kills` times; each life lets the crowd hand out its share."""

    def __init__(self, place: Place, plan: Plan, catalogue: Catalogue) -> None:
        super().__init__(name="killer", daemon=True)
        self.place = place
        self.plan = plan
        self.catalogue = catalogue
        self.chance = random.Random(plan.seed)
        self.share = threading.Semaphore(0)
        self.kills = 0
        self.lives: list[Life] = []
        self.ended = threading.Event()

    def run(self) -> None:
        for _ in range(self.plan.kills):
            if self.ended.is_set():
                return
            self._life()
        self.share.release(self.plan.kills)

    def _life(self) -> None:
        with self.worker() as process:
            self.share.release()
            self.ended.wait(self.chance.uniform(0.0, self.plan.longest_s))
            process.kill()
            self.kills += process.wait() == -signal.SIGKILL

    @contextmanager
    def worker(self) -> Iterator["subprocess.Popen[str]"]:
        """A loaded one; remembered with its times when there was something to go on with."""
        asked = clock.iso() if self._busy() else ""
        with start(self.place, *self.plan.options) as process:
            assert process.stdout
            loaded = process.stdout.readline().strip()
            yield process
        if asked:
            self.lives.append(Life(asked, loaded, clock.iso()))

    def _busy(self) -> bool:
        for tenant in scene.ids_of(self.catalogue):
            with self.catalogue.open(tenant) as db:
                if db.one(_BUSY, {"now": clock.iso()}):
                    return True
        return False


@contextmanager
def start(place: Place, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """A worker, which says when it is loaded; killed when the block ends. Its log is beside the data."""
    command = [sys.executable, "-m", "tests.crash.worker", *place.arguments, *options]
    with place.folder.with_name("worker.log").open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def drive(place: Place, plan: Plan) -> Report:
    begun = time.monotonic()
    tenants = list(scene.make(place).values())
    outside = plays.outside_of(place.folder)
    with scene.looked_at(place) as catalogue:
        crowd = Crowd(catalogue, outside, plan.seed)
        killer = Killer(place, plan, catalogue)
        killer.start()
        try:
            _hand_out(crowd, killer, tenants, plan)
            killer.join()
            with killer.worker() as last:
                _until_settled(catalogue, crowd, tenants)
                last.terminate()
                last.wait(PATIENCE_S)
        finally:
            killer.ended.set()
            killer.join()
        judged = oracles.judge(catalogue, crowd.accepted, outside)
        resumed = [ms for life in killer.lives if (ms := _resumed(catalogue, tenants, life))]
    late = sum(since_loaded > RESUME_MS for _, since_loaded in resumed)
    asked = [since_asked for since_asked, _ in resumed]
    return Report(plan, killer.kills, judged, asked, late, time.monotonic() - begun)


def _hand_out(crowd: Crowd, killer: Killer, tenants: list[str], plan: Plan) -> None:
    """An even share of all work in each life, so that the kills are spread over the whole of it."""
    lives = max(1, plan.kills)
    for n in range(lives):
        killer.share.acquire(timeout=PATIENCE_S)
        count = plan.runs * (n + 1) // lives - plan.runs * n // lives
        for tenant, part in zip(tenants, _parts(count, len(tenants)), strict=True):
            crowd.hand_out(tenant, part)
        crowd.act()


def _parts(count: int, among: int) -> list[int]:
    return [count * (n + 1) // among - count * n // among for n in range(among)]


def _until_settled(catalogue: Catalogue, crowd: Crowd, tenants: list[str]) -> None:
    """Or until nothing has changed for a while: the oracles then say what is lost."""
    left, since = -1, time.monotonic()
    while time.monotonic() - since < PATIENCE_S / 4:
        crowd.act()
        now = sum(_open(catalogue, tenant) for tenant in tenants)
        if now == 0:
            return
        if now != left:
            left, since = now, time.monotonic()
        time.sleep(0.05)


def _open(catalogue: Catalogue, tenant: str) -> int:
    with catalogue.open(tenant) as db:
        return int(db.value(_OPEN))


def _resumed(catalogue: Catalogue, tenants: list[str], life: Life) -> tuple[float, float] | None:
    """Milliseconds to its first claim since it was asked for, and since it was loaded; None when it died before."""
    found = []
    for tenant in tenants:
        with catalogue.open(tenant) as db:
            found += [row["at"] for row in db.rows(_FIRST, {"at": life.asked})]
    first = min([*found, life.ended])
    waited = clock.seconds_between(life.loaded, first) * 1000
    if first == life.ended and waited <= RESUME_MS:
        return None
    return clock.seconds_between(life.asked, first) * 1000, waited
