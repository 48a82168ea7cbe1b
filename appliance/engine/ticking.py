"""Schedules by the second: each one by itself, so that what is wrong with one skips no other."""

import logging
from collections.abc import Callable
from functools import partial

from appliance import clock
from appliance.db.database import Database
from appliance.domain.schedules import firing, settling
from appliance.engine.schedule import guarded
from appliance.errors import Problem

log = logging.getLogger(__name__)
# A schedule that trips over a bug is let alone so long.
ASIDE_S = 60
# What ended is written down first, so that what waits for it starts in the same second.
TURNS: tuple[tuple[Callable[[Database], list[str]], Callable[[Database, str], int]], ...] = (
    (settling.ended, settling.settle),
    (firing.waiting, firing.drain),
    (firing.due, firing.fire),
)


class Ticking:
    def __init__(self) -> None:
        self._aside: dict[str, float] = {}

    def tick(self, db: Database) -> int:
        """Everything that has come due in one tenant; how many schedules had something to do."""
        return sum(self._turn(db, schedule_id, act) for find, act in TURNS for schedule_id in find(db))

    def _turn(self, db: Database, schedule_id: str, act: Callable[[Database, str], int]) -> int:
        now = clock.monotonic()
        if self._aside.get(schedule_id, 0.0) > now:
            return 0
        # Set aside until it went well: a bug ends in guarded(), which tells nobody.
        self._aside[schedule_id] = now + ASIDE_S
        guarded(partial(self._act, db, schedule_id, act))()
        return 1

    def _act(self, db: Database, schedule_id: str, act: Callable[[Database, str], int]) -> None:
        try:
            act(db, schedule_id)
        except Problem as problem:
            log.error("schedule %s has to wait: %s", schedule_id, problem.detail)
        del self._aside[schedule_id]
