"""From a bell to work: claim runs of the tenant and carry them out; other workers come in while one waits."""

import logging
import threading
from collections import deque

from appliance import clock
from appliance.calls import Calls
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import claims, endings
from appliance.domain.instances import advance, landing, stumbling
from appliance.domain.instances.stumbling import Stumbled
from appliance.domain.runs import FenceLost, Run
from appliance.engine import bodies, runner
from appliance.engine.lanes import Lanes
from appliance.engine.queue import Doorbell

QUANTUM_S = 0.05
BATCH = 32
log = logging.getLogger(__name__)
Done = list[tuple[Run, str]]


class Pump:
    def __init__(
        self, catalogue: Catalogue, calls: Calls, bell: Doorbell, owner: str, lease_s: float, workers: int = 1
    ) -> None:
        self.catalogue = catalogue
        self.calls = calls
        self.bell = bell
        self.owner = owner
        self.lease_s = lease_s
        self.lanes = Lanes(workers)
        self.stopping = threading.Event()

    def serve(self, tenant_id: str) -> None:
        """Answer one bell: work for a short while, then let another tenant have the worker."""
        if self.stopping.is_set():
            return
        background = self.lanes.enter(tenant_id)
        try:
            self._serve(tenant_id, interactive=not background)
        finally:
            if background:
                for refused in self.lanes.leave():
                    self.bell.ring(refused)

    def _serve(self, tenant_id: str, interactive: bool) -> None:
        until, done = clock.monotonic() + QUANTUM_S, Done()
        with self.catalogue.open(tenant_id) as db:
            while (claimed := self._turn(db, done, interactive)) or landing.any_moved(db):
                done = self._carry_out(db, tenant_id, claimed)
                if clock.monotonic() > until or self.stopping.is_set():
                    self._complete(db, done)
                    self.bell.ring(tenant_id)
                    return

    def _turn(self, db: Database, done: Done, interactive: bool) -> list[Run]:
        """Store the last batch, let workflows go on with it, and claim the next: one commit for all."""
        while True:
            try:
                with db.transaction():
                    self._complete(db, done)
                    advance.moved(db)
                    return claims.claim(db, self.owner, self.lease_s, BATCH, bodies.quick(), interactive)
            except Stumbled as stumbled:
                log.error("workflow %s is given up", stumbled.instance_id, exc_info=stumbled.__cause__)
                stumbling.give_up(db, stumbled)

    def _complete(self, db: Database, done: Done) -> None:
        with db.transaction():
            for run in endings.complete_all(db, done):
                log.warning("run %s went to another worker", run.id)

    def _carry_out(self, db: Database, tenant_id: str, claimed: list[Run]) -> Done:
        """What came of quick runs; all others have stored it themselves."""

        def others() -> None:
            # Not before: while nothing waits, a second thread only takes the interpreter from the first.
            if claims.has_ready(db):
                self.bell.ring(tenant_id)

        files, done, left = self.catalogue.files(tenant_id), Done(), deque(claimed)
        try:
            while left:
                run = left.popleft()
                try:
                    result = runner.work(db, self.calls, files, run, self.lease_s, self.stopping, others)
                except FenceLost:
                    log.warning("run %s went to another worker", run.id)
                    continue
                if result is not None:
                    done.append((run, result))
        except BaseException:
            # The run that broke stays claimed, and counts as a death; the others of its claim had no part in it.
            with db.transaction():
                self._complete(db, done)
                for run in left:
                    claims.give_back(db, run)
            raise
        return done
