"""The worker of the suite: databases, gateway and engine without the web, so that a start costs half a second.

`python -m tests.crash.worker --data FOLDER` works until a signal ends it.
"""

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

from appliance import clock
from appliance.app import Box
from appliance.db import sqlite_connection
from appliance.engine import runner
from appliance.engine.engine import Engine
from appliance.engine.pump import Pump
from appliance.engine.queue import Doorbell
from appliance.engine.sweeper import Sweeper
from tests.crash import jumps, plays, scene
from tests.crash.bells import BadBell
from tests.crash.bugs import BUGS
from tests.crash.crowd import Crowd
from tests.crash.scene import Place

# Trouble of the other side passes within moments here.
RETRY_S = 0.1
LEASE_S = 30.0
ROUNDS = 400


def main(given: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--url", default="")
    parser.add_argument("--bug", choices=sorted(BUGS))
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--lease", type=float, default=LEASE_S)
    parser.add_argument("--slow", type=float, default=0.002, help="Longest seconds that something outside takes.")
    parser.add_argument("--bad-bell", type=int, metavar="SEED", help="Lose half of the bells and double a fifth.")
    parser.add_argument("--jumps", type=int, metavar="SEED", help="Have a wall clock that jumps by hours.")
    parser.add_argument("--busy-ms", type=int, help="How long a write waits for another process.")
    args = parser.parse_args(given)
    sqlite_connection.BUSY_MS = args.busy_ms or sqlite_connection.BUSY_MS
    print(clock.iso(), flush=True)
    if args.jumps is not None:
        jumps.jump(args.jumps)
    prepare(args.bug)
    place = Place(args.data, args.url)
    plays.register(plays.outside_of(place.folder), args.slow)
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    with scene.opened(place, "all") as box:
        engine = Engine(box.catalogue, box.calls, box.owner, args.workers, args.lease)
        if args.bad_bell is not None:
            BadBell.take_over(engine, args.bad_bell)
        box.catalogue.subscribe(engine.hear)
        engine.start()
        stop.wait()
        engine.stop()
    return 0


def prepare(bug: str | None) -> None:
    runner.RETRY_S = RETRY_S
    if bug:
        BUGS[bug].install()


class Steady:
    """Everything in one thread and in one order, so that the n-th point of a life is the same place every time."""

    def __init__(self, box: Box, place: Place, lease_s: float = LEASE_S) -> None:
        self.box = box
        self.crowd = Crowd(box.catalogue, plays.outside_of(place.folder), 0, clicks_at_once=False)
        self.pump = Pump(box.catalogue, box.calls, Doorbell(), box.owner, lease_s)
        self.sweeper = Sweeper(box.catalogue, self.pump.bell, box.owner)

    def live(self) -> None:
        """Take over what was left behind, and work until nothing moves any more."""
        self.sweeper.recover()
        idle = 0
        for _ in range(ROUNDS):
            self.sweeper.sweep()
            for tenant in scene.ids_of(self.box.catalogue):
                self.pump.serve(tenant)
            if self.crowd.act():
                continue
            if not self._open():
                return
            # What still waits for no clock waits for ever.
            idle += 1
            if idle > 2 and not self._timed():
                return
            time.sleep(0.01)

    def _open(self) -> int:
        return self._count("state NOT IN ('succeeded', 'failed', 'cancelled', 'parked')")

    def _timed(self) -> int:
        return self._count("state = 'ready' OR (state = 'waiting' AND ready_at < '9')")

    def _count(self, where: str) -> int:
        found = 0
        for tenant in scene.ids_of(self.box.catalogue):
            with self.box.catalogue.open(tenant) as db:
                found += int(db.value(f"SELECT COUNT(*) AS n FROM runs WHERE {where}"))
        return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
