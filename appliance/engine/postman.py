"""Notices leave beside the work, never in its way: what happened is read once a second, what is due is sent."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import members
from appliance.domain.members import Member
from appliance.domain.notices import deriving, digests, outbox
from appliance.domain.tenants import Tenant
from appliance.doors import Doors, until_stopped
from appliance.engine.schedule import guarded
from appliance.errors import Problem
from appliance.post import Post

# One that does not answer keeps a sender for as long as it takes to give up on it; the others go on.
SENDERS = 4
log = logging.getLogger(__name__)


class Postman:
    """Of all the processes on the same data the leader delivers."""

    def __init__(self, catalogue: Catalogue, post: Post, doors: Doors | None = None) -> None:
        self._catalogue = catalogue
        self._post = post
        self._leader = catalogue.leader("post")
        self._doors = doors or Doors(catalogue)
        self._doors.along("post", self._look, self._leader.leads)
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="post")
        self._busy: set[str] = set()
        self.stopping = threading.Event()

    def round(self) -> None:
        """Read what happened in each tenant, and have sent what is due there; nobody waits for the sending."""
        if not self._leader.leads():
            return
        for tenant in until_stopped(self._doors.awake("post"), self.stopping):
            guarded(partial(self._read, tenant))()

    def tidy(self) -> None:
        if self._leader.leads():
            for tenant in until_stopped(self._doors.open(), self.stopping):
                guarded(partial(self._prune, tenant))()

    def _prune(self, tenant: Tenant) -> None:
        self._with(tenant, outbox.prune)

    def stop(self) -> None:
        """What is being sent is finished; what is not begun stays in the outbox."""
        self._post.stopping.set()
        self._senders.shutdown(wait=True, cancel_futures=True)
        self._leader.resign()

    def _read(self, tenant: Tenant) -> None:
        self._with(tenant, lambda db: self._look(db, tenant))

    def _look(self, db: Database, tenant: Tenant) -> None:
        def people() -> list[Member]:
            with self._catalogue.control() as control:
                return members.every(control, tenant.id)

        deriving.read(db, people, self._post.email)
        digests.daily(db, people, self._post.email)
        digests.fold(db)
        if outbox.due(db) and tenant.id not in self._busy:
            self._busy.add(tenant.id)
            self._senders.submit(guarded(partial(self._send, tenant)))

    def _send(self, tenant: Tenant) -> None:
        try:
            self._with(tenant, lambda db: self._post.send_due(db, tenant))
        finally:
            self._busy.discard(tenant.id)

    def _with(self, tenant: Tenant, work: Callable[[Database], object]) -> None:
        try:
            with self._catalogue.open(tenant.id) as db:
                work(db)
        except Problem as problem:
            log.error("notices of tenant %s are left out: %s", tenant.id, problem.detail)
