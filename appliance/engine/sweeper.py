"""Once a second: what is due, what expired, and what nobody rang for. A lost bell costs at most this long."""

import logging
from collections.abc import Callable

from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import approvals, claims, idempotency, ledger, runs, sessions, spent, tenants, throttle, waits
from appliance.domain.actor import SYSTEM
from appliance.engine.queue import Doorbell
from appliance.errors import Problem

log = logging.getLogger(__name__)


class Sweeper:
    """`living` names the processes whose reservations are good; in a data folder with one owner, only this one."""

    def __init__(self, catalogue: Catalogue, bell: Doorbell, owner: str) -> None:
        self.catalogue = catalogue
        self.bell = bell
        self.owner = owner

    def recover(self) -> int:
        """At start: void the leases and settle the calls of the process that was here before; how many runs go on."""
        return sum(self._each(self._recover_one))

    def sweep(self) -> None:
        self._each(self._sweep_one)

    def _recover_one(self, db: Database) -> int:
        ledger.settle_lost(db, [self.owner])
        return claims.release(db, "lease_owner <> :owner", {"owner": self.owner})

    def tidy(self) -> None:
        """Hourly: forget what nobody can use any more."""
        with self.catalogue.control() as control:
            sessions.prune(control)
            throttle.prune(control)
        self._each(idempotency.prune)
        self._each(spent.prune)

    def _sweep_one(self, db: Database) -> int:
        woken = runs.stop_overdue(db) + runs.wake_due(db) + claims.release_expired(db)
        woken += approvals.sweep(db) + waits.release_budget(db, SYSTEM)
        if claims.has_ready(db):
            self.bell.ring(db.name)
        return woken

    def _each(self, work: Callable[[Database], int]) -> list[int]:
        """A tenant whose database is damaged or missing holds up no other."""
        done = []
        for tenant_id in self._tenants():
            try:
                with self.catalogue.open(tenant_id) as db:
                    done.append(work(db))
            except Problem as problem:
                log.error("tenant %s is left out: %s", tenant_id, problem.detail)
        return done

    def _tenants(self) -> list[str]:
        with self.catalogue.control() as control:
            return [tenant.id for tenant in tenants.every(control) if tenant.state == "active"]
