"""L1 and L2: a worker is killed (or stopped past its lease and let go again) at each point of its work.

Each point has its own copy of the scene: one life ends there, the next takes over, and the oracles judge what is left.
Workers are forked from this program, which has loaded everything and opened nothing; the signals are real.
"""

import argparse
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from appliance.domain import restored
from tests.crash import oracles, plays, scene, worker
from tests.crash.bugs import BUGS
from tests.crash.crowd import EVERYTHING, MODEL, QUICK, Accepted, Crowd
from tests.crash.oracles import Judgement
from tests.crash.points import Points
from tests.crash.scene import Place
from tests.crash.worker import Steady

PLAYED = (["family", "flaky"], EVERYTHING, ["agree"], MODEL, QUICK)
MOST = 400
# Points of work between the backup and the moment it is put back.
LOST = 40
# Nothing can call back what was on its way outside when its worker was stopped; the engine's own books stay right.
ON_ITS_WAY = re.compile(r"O3 (once|checkable) \S+ happened 2 times")


class Scene(NamedTuple):
    """A template that every point copies."""

    root: Path
    accepted: list[Accepted]


class Life(NamedTuple):
    point: int
    name: str
    judged: Judgement


class Stage:
    """A scene of its own, on which one worker after the other lives."""

    def __init__(self, made: Scene, root: Path) -> None:
        self.place = Place(Path(shutil.copytree(made.root, root)) / "data")
        self.accepted = made.accepted
        self.stopped: list[int] = []

    def life(self, point: int, signum: int = signal.SIGKILL, bug: str = "") -> bool:
        """A worker that meets `signum` at this point of its work; false when it ended before."""
        points = Points(point, signum, inside=signum == signal.SIGKILL)
        pid = _fork(lambda: self._live(points, bug))
        _, status = os.waitpid(pid, os.WUNTRACED)
        self.stopped += [pid] * os.WIFSTOPPED(status)
        return not os.WIFEXITED(status)

    def last(self, bug: str = "") -> None:
        """A worker that lives until nothing moves any more; those that were stopped go on after it."""
        _, status = os.waitpid(_fork(lambda: self._live(Points(), bug)), 0)
        for pid in self.stopped:
            os.kill(pid, signal.SIGCONT)
            os.waitpid(pid, 0)
        if status:
            raise RuntimeError(f"the last life ended with {status}")

    def judge(self) -> Judgement:
        with scene.looked_at(self.place) as catalogue:
            return oracles.judge(catalogue, self.accepted, plays.outside_of(self.place.folder))

    def restored(self) -> None:
        with scene.looked_at(self.place) as catalogue:
            for tenant in scene.ids_of(catalogue):
                with catalogue.open(tenant) as db:
                    restored.after_restore(db)

    @property
    def point(self) -> str:
        """Where the last one died."""
        return self.place.folder.with_name("point").read_text()

    def _live(self, points: Points, bug: str) -> None:
        logging.disable(logging.WARNING)
        worker.prepare(bug or None)
        outside = plays.outside_of(self.place.folder)
        plays.register(outside)
        with scene.opened(self.place, "all") as box:
            steady = Steady(box, self.place)
            if points.at:
                points.on_the_spot = self.place.folder.with_name("point").write_text
                points.install(outside)
            steady.live()


@contextmanager
def stage(made: Scene) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="agenthq-crash-", dir=made.root.parent) as folder:
        yield Stage(made, Path(folder) / "root")


def write(root: Path, played: tuple[list[str], ...] = PLAYED) -> Scene:
    place = Place(root / "data")
    [tenant] = scene.make(place, ("acme",)).values()
    with scene.looked_at(place) as catalogue:
        crowd = Crowd(catalogue, plays.outside_of(place.folder), 0)
        with catalogue.open(tenant) as db:
            for n, acts in enumerate(played):
                crowd.submit(db, f"key-{n}", acts)
                crowd.submit(db, f"key-{n}", acts)
    return Scene(root, crowd.accepted)


def life(made: Scene, point: int, signum: int = signal.SIGKILL, bug: str = "") -> Life | None:
    """What is left after a worker met `signum` at this point and another took over; None past the last point."""
    with stage(made) as here:
        if not here.life(point, signum, bug):
            return None
        here.last(bug)
        found = here.judge()
        if signum == signal.SIGSTOP:
            found = found._replace(faults=[fault for fault in found.faults if not ON_ITS_WAY.match(fault)])
        return Life(point, here.point, found)


def restored_life(made: Scene, point: int) -> Life | None:
    """What is left when a backup made at this point is put back after a while of work that it knows nothing of."""
    with stage(made) as here:
        if not here.life(point):
            return None
        folder, backup = here.place.folder, here.place.folder.with_name("backup")
        shutil.copytree(folder, backup)
        here.life(LOST)
        shutil.rmtree(folder)
        backup.rename(folder)
        os.waitpid(_fork(here.restored), 0)
        here.last()
        found = here.judge()
        # Who agreed in the lost hours is lost with them; what they agreed to still happened once.
        found = found._replace(faults=[fault for fault in found.faults if "what nobody approved" not in fault])
        return Life(point, here.point, found)


def _fork(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    finally:
        if code:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        os._exit(code)


def every(of: Callable[[int], Life | None], step: int) -> Iterator[Life]:
    """All points in order, two at a time."""
    with ProcessPoolExecutor(2, get_context("fork")) as lanes:
        points = iter(range(1, MOST, step))
        pending = [lanes.submit(of, next(points)) for _ in range(2)]
        while found := pending.pop(0).result():
            pending.append(lanes.submit(of, next(points)))
            yield found


def main(given: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stop", action="store_true", help="Stop past the lease and go on, instead of dying.")
    parser.add_argument("--restore", action="store_true", help="Put back a backup made at each point.")
    parser.add_argument("--bug", choices=sorted(BUGS), default="")
    parser.add_argument("--step", type=int, default=1, help="Only every n-th point.")
    parser.add_argument("--acts", action="append", help="What one run of the scene does, instead of everything.")
    parser.add_argument("--until", default="", help="End when this oracle has found something.")
    parser.add_argument("--folder", type=Path, default=None)
    args = parser.parse_args(given)
    begun, points, faults = time.monotonic(), 0, []
    with tempfile.TemporaryDirectory(prefix="agenthq-lives-", dir=args.folder) as folder:
        played = tuple(acts.split(",") for acts in args.acts) if args.acts else PLAYED
        if args.bug:
            BUGS[args.bug].install()
        made = write(Path(folder) / "scene", played)
        signum = signal.SIGSTOP if args.stop else signal.SIGKILL
        of = partial(restored_life, made) if args.restore else partial(life, made, signum=signum, bug=args.bug)
        for one in every(of, args.step):
            points += 1
            faults += [f"point {one.point} ({one.name}): {fault}" for fault in one.judged.faults]
            if args.until and args.until in one.judged.names:
                break
    print("\n".join(faults[:40]))
    how = "stops" if args.stop else "backups" if args.restore else "kills"
    print(f"{how}={points} faults={len(faults)} seconds={time.monotonic() - begun:.1f}")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
