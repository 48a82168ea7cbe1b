"""From a bell to work: claim runs of the tenant and carry them out; other workers come in while one waits."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from appliance import diskspace, tracing
from appliance.calls import Calls
from appliance.db.database import Database, Row
from appliance.db.tenants import Catalogue
from appliance.domain import claims
from appliance.domain.instances import landing
from appliance.domain.runs import FenceLost, Run
from appliance.doors import Doors, Halt
from appliance.engine import runner
from appliance.engine.lanes import Lanes
from appliance.engine.queue import Doorbell
from appliance.engine.turns import Done, Turns

log = logging.getLogger(__name__)


class Pump:
    def __init__(
        self,
        catalogue: Catalogue,
        calls: Calls,
        bell: Doorbell,
        owner: str,
        lease_s: float,
        workers: int = 1,
        doors: Doors | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.calls = calls
        self.bell = bell
        self.owner = owner
        self.lease_s = lease_s
        self.lanes = Lanes(workers)
        self._doors = doors or Doors(catalogue)
        self._here = threading.local()
        self.stopping = threading.Event()

    def serve(self, tenant_id: str) -> None:
        """Answer one bell: work for a short while, then let another tenant have the worker."""
        if self.stopping.is_set() or diskspace.low(self.catalogue.folder):
            # What is ready stays so: the sweeper rings for it each second until there is space again.
            return
        background = self.lanes.enter(tenant_id)
        self._here.tenant = tenant_id if background else ""
        try:
            self._serve(tenant_id, interactive=not background)
        finally:
            self._here.tenant = ""
            if background:
                for refused in self.lanes.leave():
                    self.bell.ring(refused)

    def looks_again(self, tenant_id: str) -> bool:
        """Whether this thread serves the tenant, so that what it has just committed needs no bell: it claims that
        itself, or wakes others before it waits or when its time is over."""
        return bool(getattr(self._here, "tenant", "") == tenant_id)

    def _serve(self, tenant_id: str, interactive: bool) -> None:
        halt = Halt(self.stopping, self._doors, tenant_id)
        if halt.is_set():
            # What is ready stays so: the sweep rings once the tenant is open again.
            return
        done = Done()
        with self.catalogue.open(tenant_id) as db:
            turns = Turns(db, self.owner, self.lease_s, interactive, self._claims_end(halt), self.bell.waits)
            # Most bells that find nothing cost one look: taking a turn to write keeps others from theirs.
            while done or claims.has_ready(db):
                claimed = turns.take(done)
                if not claimed and not landing.any_moved(db):
                    return
                done = self._carry_out(db, halt, turns, deque(claimed))
                if turns.over:
                    turns.complete(done)
                    self.bell.ring(tenant_id)
                    return

    def _claims_end(self, halt: Halt) -> Callable[[], bool]:
        return lambda: halt.is_set() or diskspace.low(self.catalogue.folder)

    def _carry_out(self, db: Database, halt: Halt, turns: Turns, left: deque[Run]) -> Done:
        """What came of quick runs; all others have stored it themselves, and what they claimed then is done too."""

        def ended() -> None:
            if not left:
                turns.go_on(left)

        done, work = Done(), partial(self._work, db, halt, self.catalogue.files(db.name), ended)
        try:
            while left:
                run = left.popleft()
                if (result := work(run, turns.look(run))) is not None:
                    done.append((run, result))
        except BaseException:
            # The run that broke stays claimed, and counts as a death; the others of its claim had no part in it.
            with db.transaction():
                turns.complete(done)
                for run in left:
                    claims.give_back(db, run)
            raise
        return done

    def _work(
        self, db: Database, halt: Halt, files: Path, ended: Callable[[], None], run: Run, looked: Row | None
    ) -> str | None:
        def others() -> None:
            # Not before: while nothing waits, a second thread only takes the interpreter from the first.
            if claims.has_ready(db):
                self.bell.ring(db.name)

        try:
            with tracing.about(tenant=db.name, run=run.id):
                return runner.work(db, self.calls, files, run, self.lease_s, halt, others, ended, looked)
        except FenceLost:
            log.warning("run %s went to another worker", run.id)
            return None
