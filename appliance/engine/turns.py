"""A worker's turns: store what has ended, let workflows go on with it, and claim what comes next, in one commit."""

import logging
from collections import deque
from collections.abc import Callable

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import briefing, claims, endings
from appliance.domain.instances import advance, stumbling
from appliance.domain.instances.stumbling import Stumbled
from appliance.domain.runs import Run
from appliance.engine import bodies

QUANTUM_S = 0.05
BATCH = 32
log = logging.getLogger(__name__)
Done = list[tuple[Run, str]]


class Turns:
    """Those of one worker on one bell: for a short while, then another tenant that waits has the worker."""

    def __init__(
        self,
        db: Database,
        owner: str,
        lease_s: float,
        interactive: bool,
        stops: Callable[[], bool],
        waits: Callable[[], bool],
    ) -> None:
        self._db = db
        self._owner = owner
        self._lease_s = lease_s
        self._interactive = interactive
        self._stops = stops
        self._waits = waits
        self._until = clock.monotonic() + QUANTUM_S
        self._looked: tuple[str, Row | None] = ("", None)

    @property
    def over(self) -> bool:
        return self._stops() or (clock.monotonic() > self._until and self._waits())

    def take(self, done: Done) -> list[Run]:
        """The next runs, once the last are stored."""
        while True:
            try:
                with self._db.transaction():
                    self.complete(done)
                    return self._next()
            except Stumbled as stumbled:
                log.error("workflow %s is given up", stumbled.instance_id, exc_info=stumbled.__cause__)
                stumbling.give_up(self._db, stumbled)

    def go_on(self, left: deque[Run]) -> None:
        """In the transaction that completes a run: with its commit, the next runs are `left` to do.

        What trips here is left to the next turn: the run has ended all the same.
        """
        if self.over:
            return
        try:
            with self._db.attempt():
                found = self._next()
        except Stumbled as stumbled:
            log.info("workflow %s is looked at once more", stumbled.instance_id)
            return
        self._db.after_commit(lambda: left.extend(found))

    def complete(self, done: Done) -> None:
        if not done:
            return
        with self._db.transaction():
            for run in endings.complete_all(self._db, done):
                log.warning("run %s went to another worker", run.id)

    def _next(self) -> list[Run]:
        if self._stops():
            return []
        advance.moved(self._db)
        found = claims.claim(self._db, self._owner, self._lease_s, BATCH, bodies.quick(), self._interactive)
        if len(found) == 1 and found[0].runtime == bodies.BUILTIN:
            # It begins right after this commit, which has the pages of what it needs to know in hand.
            self._looked = (found[0].id, briefing.look(self._db, found[0]))
        return found

    def look(self, run: Run) -> Row | None:
        """What the claim of the run has read for its briefing; None for any but the run claimed last."""
        (run_id, row), self._looked = self._looked, ("", None)
        return row if run_id == run.id else None
