"""Data of an earlier version under this one: the box's database first, one tenant, then the rest beside the work."""

import logging
import queue
import threading
from typing import NamedTuple

from appliance import __version__
from appliance.db import migrate
from appliance.db.tenants import CONTROL, Catalogue
from appliance.errors import Problem

CANARIES = 3
# They wait for the disk more than for each other.
HANDS = 4
log = logging.getLogger("agenthq")


class Progress(NamedTuple):
    """`failed` tenants are in maintenance; `stage` is what is being done now, "" at the end."""

    stage: str
    done: int
    total: int
    failed: int


class Upgrade:
    """What is left to do before every database is of this program's version; `rest` may be cut by `stop` at any time.

    A process killed in it starts anew where it was: each file of a migration is one transaction, and a copy counts
    only once it is whole.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._stage = ""
        self._left: list[str] = []
        self._total = 0
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def progress(self) -> Progress:
        done = self._total - len(self._left)
        return Progress(self._stage, done, self._total, len(self._catalogue.failed))

    def needed(self) -> bool:
        """Raises Problem(newer_data). When nothing is left of an earlier upgrade its copies go."""
        with self._catalogue.as_found(CONTROL) as control:
            found = migrate.known_version(control, CONTROL)
            if found < migrate.latest(CONTROL):
                return True
            if control.value("SELECT value FROM box WHERE name = :name", {"name": migrate.MARK}) != migrate.mark():
                return True
        self._catalogue.drop_copies()
        return False

    def first(self) -> None:
        """The box's database and one tenant's. Raises Problem when no tenant of three can be brought along."""
        self._stage = "control"
        self._catalogue.outdated = True
        with self._catalogue.control() as control:
            control.upsert("box", {"name": migrate.PROGRAM, "value": __version__}, ("name",))
            rows = control.rows("SELECT id FROM tenants ORDER BY created_at, id")
        self._left = [row["id"] for row in rows if self._catalogue.exists(row["id"])]
        self._total = len(self._left)
        self._stage = "canary" if self._left else ""
        for tenant_id in self._left[:CANARIES]:
            if self._bring(tenant_id):
                break
        else:
            self._refuse_all()
        self._finish()

    def rest(self) -> None:
        """All others, in the background."""
        waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        for tenant_id in self._left:
            waiting.put(tenant_id)
        self._stage = "tenants" if self._left else ""
        self._threads = [
            threading.Thread(target=self._work, args=(waiting,), name=f"upgrade-{n}", daemon=True)
            for n in range(HANDS if self._left else 0)
        ]
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join()

    def stop(self) -> None:
        self._ended.set()
        self.wait()

    def _work(self, waiting: "queue.SimpleQueue[str]") -> None:
        while not self._ended.is_set():
            try:
                self._bring(waiting.get_nowait())
            except queue.Empty:
                break
        self._finish()

    def _bring(self, tenant_id: str) -> bool:
        try:
            with self._catalogue.open(tenant_id):
                """Opening migrates."""
        except Problem as problem:
            log.warning("tenant %s waits for its upgrade: %s", tenant_id, problem.detail)
        if brought := self._catalogue.current(tenant_id):
            self._left.remove(tenant_id)
        return brought

    def _refuse_all(self) -> None:
        if self._total >= CANARIES:
            fault = next(iter(self._catalogue.failed.values()), "see the log")
            raise Problem(
                "unavailable",
                f"The first {CANARIES} tenants can't be brought to AgentHQ {__version__} ({fault}). The others were "
                "not touched: start the version you had before, and report this.",
            )

    def _finish(self) -> None:
        """Tenants in maintenance stay for their first access after a repair; they hold up nothing."""
        if not set(self._left) - set(self._catalogue.failed) and self._stage:
            self._stage = ""
        if not self._left:
            self._catalogue.outdated = False
            with self._catalogue.control() as control:
                control.upsert("box", {"name": migrate.MARK, "value": migrate.mark()}, ("name",))
