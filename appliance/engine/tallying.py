"""Adding up what calls cost, comparing it, and making files of it: beside the runs, a little at a time."""

import logging
import threading
from collections.abc import Callable
from functools import partial

from appliance import clock
from appliance.calls import Calls
from appliance.calls.elsewhere import Elsewhere
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain.analytics import baselines, exports, marks, pruning, rollups
from appliance.doors import Doors, until_stopped
from appliance.engine.queue import Doorbell
from appliance.engine.schedule import guarded
from appliance.errors import Problem

# A worker is let go after so long; what is left has a bell of its own.
QUANTUM_S = 0.5
TALLY, EXPORT = "tally", "export"
log = logging.getLogger(__name__)


class Tallying:
    """Any process may do it: marks in the tenant's database keep two from doing the same."""

    def __init__(self, catalogue: Catalogue, calls: Calls, bell: Doorbell, doors: Doors | None = None) -> None:
        self._catalogue = catalogue
        self._elsewhere = Elsewhere(calls.accounts)
        self._bell = bell
        self._doors = doors or Doors(catalogue)
        self._doors.along("tally", lambda db, _: self._ring(db), lambda: True)
        self.stopping = threading.Event()
        bell.answer(self.tally, TALLY)
        bell.answer(self.export, EXPORT)

    def round(self) -> None:
        """Ring for each tenant that has something to add up, or a file to make."""
        for tenant in until_stopped(self._doors.awake("tally"), self.stopping):
            guarded(partial(self._with, tenant.id, self._ring))()

    def tidy(self) -> None:
        """Hourly: put right what slipped through, and forget what is old."""
        for tenant in until_stopped(self._doors.open(), self.stopping):
            guarded(partial(self._with, tenant.id, self._tidy))()

    def tally(self, tenant_id: str) -> None:
        if not self._doors.is_open(tenant_id):
            return
        with self._catalogue.open(tenant_id) as db:
            if self._for_a_while(lambda: rollups.roll(db) or baselines.compare(db, self._elsewhere)):
                self._bell.ring(tenant_id, TALLY)

    def export(self, tenant_id: str) -> None:
        # Owners of a tenant that is being deleted take along what they want to keep.
        if not self._doors.is_open(tenant_id, "grace"):
            return
        with self._catalogue.open(tenant_id) as db:
            if exports.make(db, self._catalogue.files(tenant_id), self.stopping.is_set):
                self._bell.ring(tenant_id, EXPORT)

    def _for_a_while(self, work: Callable[[], int]) -> bool:
        """Whether there is more to do."""
        until = clock.monotonic() + QUANTUM_S
        while not self.stopping.is_set() and work():
            if clock.monotonic() > until:
                return True
        return False

    def _ring(self, db: Database) -> None:
        if rollups.due(db) or marks.get(db, "compared") < marks.get(db, "rolled"):
            self._bell.ring(db.name, TALLY)
        if exports.due(db):
            self._bell.ring(db.name, EXPORT)

    def _tidy(self, db: Database) -> None:
        rollups.heal(db)
        pruning.prune(db)
        exports.prune(db, self._catalogue.files(db.name))

    def _with(self, tenant_id: str, work: Callable[[Database], None]) -> None:
        try:
            with self._catalogue.open(tenant_id) as db:
                work(db)
        except Problem as problem:
            log.error("figures of tenant %s are left out: %s", tenant_id, problem.detail)
