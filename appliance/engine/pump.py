"""From a bell to work: claim a run of the tenant and carry it out; other workers come in while it waits."""

import logging
import threading

from appliance import clock
from appliance.calls import Calls
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import runs
from appliance.engine import runner
from appliance.engine.queue import Doorbell

QUANTUM_S = 0.05
log = logging.getLogger(__name__)


class Pump:
    def __init__(self, catalogue: Catalogue, calls: Calls, bell: Doorbell, owner: str, lease_s: float) -> None:
        self.catalogue = catalogue
        self.calls = calls
        self.bell = bell
        self.owner = owner
        self.lease_s = lease_s
        self.stopping = threading.Event()

    def serve(self, tenant_id: str) -> None:
        """Answer one bell: work for a short while, then let another tenant have the worker."""
        if self.stopping.is_set():
            return
        until = clock.monotonic() + QUANTUM_S
        with self.catalogue.open(tenant_id) as db:
            while self._one(db, tenant_id):
                if clock.monotonic() > until or self.stopping.is_set():
                    self.bell.ring(tenant_id)
                    return

    def _one(self, db: Database, tenant_id: str) -> bool:
        """Claim and carry out one run; false when none may start."""
        run = runs.claim(db, self.owner, self.lease_s)
        if run is None:
            return False

        def others() -> None:
            # Not before: while nothing waits, a second thread only takes the interpreter from the first.
            if runs.has_ready(db):
                self.bell.ring(tenant_id)

        files = self.catalogue.files(tenant_id)
        try:
            runner.work(db, self.calls, files, run, self.lease_s, self.stopping, others)
        except runs.FenceLost:
            log.warning("run %s went to another worker", run.id)
        return True
