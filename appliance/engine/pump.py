"""From a bell to work: claim one run of the tenant, let the next worker look for more, and carry it out."""

import logging
import threading

from appliance.calls import Calls
from appliance.db.tenants import Catalogue
from appliance.domain import runs
from appliance.engine import runner
from appliance.engine.queue import Doorbell

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
        """Answer one bell. The tenant goes to the end of the line after each run, so tenants take turns."""
        if self.stopping.is_set():
            return
        with self.catalogue.open(tenant_id) as db:
            run = runs.claim(db, self.owner, self.lease_s)
            if run is None:
                return
            self.bell.ring(tenant_id)
            try:
                runner.work(db, self.calls, self.catalogue.files(tenant_id), run, self.lease_s, self.stopping)
            except runs.FenceLost:
                log.warning("run %s went to another worker", run.id)
        # An agent at its limit has room again.
        self.bell.ring(tenant_id)
