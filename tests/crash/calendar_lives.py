"""Schedules under kill -9: a process dies at each commit of three hours of ticks, the next takes over.

`python -m tests.crash.calendar_lives` prints how many deaths there were and what was lost or done twice.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from appliance import clock
from appliance.db.database import Database
from appliance.domain.actor import SYSTEM
from appliance.domain.schedules import rows, targets, verbs
from appliance.domain.schedules.forms import OVERLAPS, Backfill, NewSchedule, StartTask
from appliance.domain.schedules.rows import Schedule
from appliance.engine.ticking import Ticking
from tests.crash import plays, scene
from tests.crash.lives import _fork
from tests.crash.points import Points
from tests.crash.scene import Place

NOON = clock.parse("2027-01-04T12:00:00Z")
HOURS = 3
MOST = 400
# Of three times so many start something; caught up in one go, the second gives way to the third while it waits.
STARTED = {"skip": (1,), "buffer_one": (1,), "buffer_all": (1,)}
STARTED |= {"cancel_other": (2, 3), "terminate_other": (3,), "allow_all": (3,)}


def write(root: Path) -> None:
    """A schedule of each policy, one that fails, and one whose past is filled in."""
    place = Place(root / "data")
    [tenant] = scene.make(place, ("acme",)).values()
    with scene.looked_at(place) as catalogue, catalogue.open(tenant) as db, clock.frozen(NOON):
        for policy in OVERLAPS:
            verbs.add(db, SYSTEM, _hourly(policy.replace("_", "-"), policy))
        verbs.add(db, SYSTEM, _hourly("broken", "allow_all", "gone"))
        verbs.add(db, SYSTEM, _hourly("past", "skip"))
        verbs.pause(db, SYSTEM, "past")
        verbs.backfill(db, SYSTEM, "past", Backfill("2027-01-04T10:00", "2027-01-04T12:00", confirm=2))
        # What is lost meanwhile: nobody named this agent when the schedule was made.
        db.execute("UPDATE agents SET slug = 'lost' WHERE slug = 'quick'")


def _hourly(slug: str, policy: str, assignee: str | None = None) -> NewSchedule:
    task = StartTask("Look", assignee="quick" if assignee else None)
    return NewSchedule(slug, cron="0 * * * *", task=task, overlap=policy, catch_up_s=6 * 3600, pause_after=0)


def live(place: Place, first: int, points: Points) -> None:
    """The ticks from the hour `first` to the last."""
    points.install(plays.outside_of(place.folder))
    with scene.looked_at(place) as catalogue:
        [tenant] = scene.ids_of(catalogue)
        with catalogue.open(tenant) as db:
            for hour in range(first, HOURS + 1):
                with clock.frozen(NOON + timedelta(hours=hour, seconds=1)):
                    ticking = Ticking()
                    while ticking.tick(db):
                        pass


def tear_apart() -> None:
    """The seeded bug: the task commits by itself, its tick after it."""
    start = targets.start

    def torn(db: Database, found: Schedule, due_at: str, kind: str) -> targets.Started:
        made = start(db, found, due_at, kind)
        db._end(True)
        db._begin()
        return made

    targets.start = torn


def faults(db: Database) -> list[str]:
    """What is not as if nobody had died."""
    made = Counter(row["created_by"] for row in db.rows("SELECT created_by FROM tasks"))
    return [fault for one in rows.listing(db).items for fault in _faults(db, one, made[f"schedule:{one.id}"])]


def _faults(db: Database, one: Schedule, made: int) -> list[str]:
    if one.slug == "past":
        # Paused: what was filled in has begun, nothing else.
        return [f"past: {made} tasks"] * (made != 1)
    ticks = [tick for tick in rows.ticks(db, one.id).items if tick.kind == "calendar"]
    started = {tick.task_id for tick in ticks if tick.task_id}
    found = [f"{len(ticks)} of {HOURS} times are told of"] * (len(ticks) != HOURS)
    found += [f"{made} tasks, {len(started)} of them of a tick"] * (made != len(started))
    found += [f"{made} tasks"] * (made not in (STARTED[one.overlap] if one.slug != "broken" else (0,)))
    found += [f"next is {one.next_due}"] * (one.next_due != clock.iso(NOON + timedelta(hours=HOURS + 1)))
    open_ = [tick for tick in ticks if tick.task_id and not tick.ended_at]
    found += [f"{len(open_)} at work"] * (one.overlap != "allow_all" and len(open_) != 1)
    if one.slug == "broken":
        found += [f"a tick is {tick.state}" for tick in ticks if tick.state != "failed"]
    return [f"{one.slug}: {fault}" for fault in found]


def life(made: Path, root: Path, point: int) -> list[str] | None:
    """What is wrong after a death at this point; None past the last one."""
    shutil.copytree(made, root)
    place = Place(root / "data")
    _, status = os.waitpid(_fork(lambda: live(place, 1, Points(point))), 0)
    if os.WIFEXITED(status):
        return None if os.WEXITSTATUS(status) == 0 else [f"the life ended with {status}"]
    _, status = os.waitpid(_fork(lambda: live(place, HOURS, Points())), 0)
    with scene.looked_at(place) as catalogue:
        [tenant] = scene.ids_of(catalogue)
        with catalogue.open(tenant) as db:
            return faults(db) + [f"the next life ended with {status}"] * bool(status)


def main(given: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="Only every n-th point.")
    parser.add_argument("--bug", action="store_true", help="Write the tick in a transaction after that of its task.")
    parser.add_argument("--folder", type=Path, default=None)
    args = parser.parse_args(given)
    if args.bug:
        tear_apart()
    told, kills = [], 0
    with tempfile.TemporaryDirectory(prefix="agenthq-calendar-", dir=args.folder) as folder:
        made = Path(folder) / "scene"
        pid = _fork(lambda: write(made))
        assert os.waitpid(pid, 0)[1] == 0
        for point in range(1, MOST, args.step):
            root = Path(folder) / str(point)
            if (found := life(made, root, point)) is None:
                break
            kills += 1
            told += [f"point {point}: {fault}" for fault in found]
            shutil.rmtree(root)
    print("\n".join(told[:40]))
    print(f"kills={kills} faults={len(told)}")
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
