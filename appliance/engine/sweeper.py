"""Once a second: what is due, what expired, and what nobody rang for. A lost bell costs at most this long."""

from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import ledger, runs, tenants
from appliance.engine.queue import Doorbell


class Sweeper:
    """`living` names the processes whose reservations are good; in a data folder with one owner, only this one."""

    def __init__(self, catalogue: Catalogue, bell: Doorbell, owner: str) -> None:
        self.catalogue = catalogue
        self.bell = bell
        self.owner = owner

    def recover(self) -> int:
        """At start: void the leases and settle the calls of the process that was here before; how many runs go on."""
        count = 0
        for tenant_id in self._tenants():
            with self.catalogue.open(tenant_id) as db:
                count += runs.release(db, "lease_owner <> :owner", {"owner": self.owner})
                ledger.settle_lost(db, [self.owner])
        return count

    def sweep(self) -> None:
        for tenant_id in self._tenants():
            with self.catalogue.open(tenant_id) as db:
                self._sweep_one(db)

    def _sweep_one(self, db: Database) -> None:
        runs.wake_due(db)
        runs.release_expired(db)
        if runs.has_ready(db):
            self.bell.ring(db.name)

    def _tenants(self) -> list[str]:
        with self.catalogue.control() as control:
            return [tenant.id for tenant in tenants.every(control) if tenant.state == "active"]
