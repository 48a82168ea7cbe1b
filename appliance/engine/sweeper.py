"""Once a second: what is due, what expired, and what nobody rang for. A lost bell costs at most this long."""

import logging
import threading
from collections.abc import Callable
from functools import partial

from appliance import clock
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import (
    approvals,
    claims,
    hook_deliveries,
    idempotency,
    ledger,
    loops,
    runs,
    sessions,
    spent,
    stirring,
    throttle,
    waits,
    wakes,
    workers,
)
from appliance.domain.actor import SYSTEM
from appliance.domain.instances import landing
from appliance.domain.tenants import Tenant
from appliance.doors import Doors, until_stopped
from appliance.engine.queue import Doorbell
from appliance.engine.schedule import guarded
from appliance.engine.ticking import Ticking
from appliance.errors import Problem

log = logging.getLogger(__name__)


class Sweeper:
    """Of all the processes on the same data one sweeps, the leader; `owner` is this one."""

    def __init__(self, catalogue: Catalogue, bell: Doorbell, owner: str, doors: Doors | None = None) -> None:
        self.catalogue = catalogue
        self.bell = bell
        self.owner = owner
        self._leader = catalogue.leader("sweep")
        self._ticking = Ticking()
        self._doors = doors or Doors(catalogue)
        self._doors.along("tick", lambda db, _: self._ticking.tick(db), self._leader.leads)
        self._recovering = threading.Lock()
        # Has this process as the leader looked at every tenant once, or is about to?
        self._knows_all = False
        self.stopping = threading.Event()

    def recover(self) -> int:
        """Void the leases and settle the calls of processes that are gone; how many runs go on.

        Once at a time. One that is cut by a stop leaves the processes in the list, and the next start does the rest.
        """
        if not self._recovering.acquire(blocking=False):
            return 0
        try:
            return self._recover()
        finally:
            self._recovering.release()

    def _recover(self) -> int:
        with self.catalogue.control() as control:
            dead = workers.gone(control, self.catalogue.shared, self.owner)
        self._knows_all = True
        going_on = sum(self._each(self._recover_one, gently=True))
        if dead and not self.stopping.is_set():
            # Last: were this process to die before, the next leader still knows of them.
            log.warning("processes gone: %s; %d of their runs go on", ", ".join(dead), going_on)
            with self.catalogue.control() as control:
                workers.forget(control, dead)
        return going_on

    def sweep(self) -> None:
        if not self._leader.leads():
            self._knows_all = False
            self.look()
            return
        if self._missed():
            self.recover()
        if not self._knows_all:
            self._knows_all = True
            self._each(self._look_for_what_stirs, gently=True)
        self._each(self._sweep_one, self._doors.awake("sweep"))

    def tick(self) -> None:
        """At each full second, beside the sweep: neither waits for the other when there is much to do."""
        if self._leader.leads():
            self._each(self._ticking.tick, self._doors.awake("tick"))

    def look(self) -> None:
        """While the leader's bells do not arrive, a worker finds what is ready by itself."""
        if self.bell.down:
            self._each(self._ring_one)

    def leads(self) -> bool:
        return self._leader.leads()

    def stop(self) -> None:
        self._leader.resign()

    def _missed(self) -> bool:
        with self.catalogue.control() as control:
            return bool(workers.gone(control, self.catalogue.shared, self.owner))

    def _look_for_what_stirs(self, db: Database) -> int:
        self._doors.mark(db.name, stirring.stirs(db))
        return 0

    def _recover_one(self, db: Database) -> int:
        self._look_for_what_stirs(db)
        # Who holds what is read first: a process enters the list before it takes anything.
        holders = ledger.owners(db) | claims.owners(db)
        if not holders:
            return 0
        with self.catalogue.control() as control:
            gone = holders - {self.owner, *workers.living(control, self.catalogue.shared, self.owner)}
        ledger.settle_lost(db, gone)
        return sum(claims.release(db, "lease_owner = :owner", {"owner": owner}) for owner in sorted(gone))

    def tidy(self) -> None:
        """Hourly: forget what nobody can use any more, and settle what a process left behind that ended in order."""
        if not self._leader.leads():
            return
        self.recover()
        with self.catalogue.control() as control:
            sessions.prune(control)
            throttle.prune(control)
        self._each(_prune, gently=True)

    def _sweep_one(self, db: Database) -> int:
        try:
            woken = runs.stop_overdue(db) + runs.wake_due(db) + claims.release_expired(db)
            woken += approvals.sweep(db) + waits.release_budget(db, SYSTEM) + wakes.sweep(db) + landing.due(db)
            for look in self._doors.others(db.name):
                guarded(partial(look, db))()
        finally:
            # What the others have done does not have to be done soon; what could not be done does.
            self._look_for_what_stirs(db)
        return woken + self._ring_one(db)

    def _ring_one(self, db: Database) -> int:
        if claims.has_ready(db):
            self.bell.ring(db.name)
        return 0

    def _each(
        self, work: Callable[[Database], int], which: list[Tenant] | None = None, gently: bool = False
    ) -> list[int]:
        """A tenant whose database is damaged or missing, or trips over a bug, holds up no other.

        Going `gently` leaves as much time to pages and runs as it takes itself.
        """
        done: list[int] = []

        def one(tenant_id: str) -> None:
            try:
                with self.catalogue.open(tenant_id) as db:
                    done.append(work(db))
            except Problem as problem:
                log.error("tenant %s is left out: %s", tenant_id, problem.detail)

        took = 0.0
        for tenant in until_stopped(self._doors.open() if which is None else which, self.stopping):
            # Between two, not after the last: work waits for a recovery to be over.
            if gently and self.stopping.wait(took):
                break
            begun = clock.monotonic()
            guarded(partial(one, tenant.id))()
            took = clock.monotonic() - begun
        return done


def _prune(db: Database) -> int:
    for forget in (idempotency.prune, hook_deliveries.prune, spent.prune, loops.prune):
        forget(db)
    return 0
