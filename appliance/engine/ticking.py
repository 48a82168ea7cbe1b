"""Schedules by the second: what is wrong with one skips no other.

Many that are due at once share a commit, a few at a time. When anything is wrong with one of these, nothing of theirs
has happened and each is run by itself, in its own transaction.
"""

import logging
from collections.abc import Callable
from functools import partial

from appliance import clock
from appliance.db.database import Database
from appliance.domain.schedules import firing, settling, together
from appliance.engine.schedule import guarded
from appliance.errors import Problem

log = logging.getLogger(__name__)
# A schedule that trips over a bug is let alone so long.
ASIDE_S = 60
# So many share a commit: others who write wait for one of these at most. Plain ones cost a tenth.
PLAIN = 200
TOGETHER = 16
Act = Callable[[Database, str], int]
Fire = Callable[[Database, list[str]], list[str]]


class Ticking:
    def __init__(self) -> None:
        self._aside: dict[str, float] = {}

    def tick(self, db: Database) -> int:
        """Everything that has come due in one tenant; how many schedules had something to do."""
        # What ended is written down first, so that what waits for it starts in the same second.
        done = self._each(db, settling.ended(db), settling.settle)
        done += self._each(db, firing.waiting(db), firing.drain)
        due = [one for one in firing.due(db) if self._may(one)]
        left = self._together(db, due, PLAIN, together.fire)
        self._each(db, self._together(db, left, TOGETHER, firing.fire_together), firing.fire)
        return done + len(due)

    def _together(self, db: Database, due: list[str], most: int, fire: Fire) -> list[str]:
        """Those that still have to be run in fewer or one by one: all of a share with which it did not go well."""
        left: list[str] = []
        for start in range(0, len(due), most):
            left += self._share(db, due[start : start + most], fire)
        return left

    def _share(self, db: Database, some: list[str], fire: Fire) -> list[str]:
        left = some

        def act() -> None:
            nonlocal left
            try:
                left = fire(db, some)
            except Problem as problem:
                log.debug("schedules are run in fewer: %s", problem.detail)

        if len(some) > 1:
            guarded(act)()
        return left

    def _each(self, db: Database, ids: list[str], act: Act) -> int:
        return sum(self._one(db, schedule_id, act) for schedule_id in ids)

    def _one(self, db: Database, schedule_id: str, act: Act) -> int:
        if not self._may(schedule_id):
            return 0
        # Set aside until it went well: a bug ends in guarded(), which tells nobody.
        self._aside[schedule_id] = clock.monotonic() + ASIDE_S
        guarded(partial(self._act, db, schedule_id, act))()
        return 1

    def _act(self, db: Database, schedule_id: str, act: Act) -> None:
        try:
            act(db, schedule_id)
        except Problem as problem:
            log.error("schedule %s has to wait: %s", schedule_id, problem.detail)
        self._aside.pop(schedule_id, None)

    def _may(self, schedule_id: str) -> bool:
        return self._aside.get(schedule_id, 0.0) <= clock.monotonic()
