"""The engine as one part: started after the databases, stopped before them."""

import logging
import threading
from collections.abc import Callable

from appliance.backup.due import Keeper
from appliance.calls import Calls
from appliance.db.database import Row
from appliance.db.tenants import Catalogue
from appliance.doors import Doors
from appliance.engine.bells.line import Line
from appliance.engine.living import Living
from appliance.engine.postman import Postman
from appliance.engine.pump import Pump
from appliance.engine.queue import Doorbell, Workers
from appliance.engine.schedule import Clockwork, guarded
from appliance.engine.sweeper import Sweeper
from appliance.engine.tallying import EXPORT, Tallying
from appliance.post import Post

# Work waits so long for what dead processes held to be free; of thousands of tenants the rest is freed beside it.
FIRST_S = 1.0
log = logging.getLogger(__name__)
ALL = frozenset({"pump", "sweep"})
WAKING = frozenset(
    {"run.queued", "run.ready", "run.released", "agent.resumed", "agent.changed", "instance.started", "instance.landed"}
)


class Engine:
    """`parts` says what this process does of it: pump (work), sweep (look after work), or with neither only ring.

    `post` delivers notices, in the process that sweeps. `chores` are done by the leader once a minute, for the box as a
    whole; `keeper` makes its backups.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        calls: Calls,
        owner: str,
        workers: int,
        lease_s: float,
        grace_s: float = 20,
        line: Line | None = None,
        parts: frozenset[str] = ALL,
        post: Post | None = None,
        chores: tuple[Callable[[], object], ...] = (),
        keeper: Keeper | None = None,
        doors: Doors | None = None,
    ) -> None:
        self.bell = Doorbell(line)
        self._parts = parts
        doors = doors or Doors(catalogue)
        self.pump = Pump(catalogue, calls, self.bell, owner, lease_s, workers, doors)
        self.bell.answer(self.pump.serve)
        self.tallying = Tallying(catalogue, calls, self.bell, doors)
        self.sweeper = Sweeper(catalogue, self.bell, owner, doors)
        self.postman = Postman(catalogue, post, doors) if post and "sweep" in parts else None
        self._calls = calls
        self._chores = chores
        self._keeper = keeper
        self._workers = Workers(self.bell, workers if "pump" in parts else 0, grace_s)
        self._recovery = threading.Thread(target=guarded(self._recover), name="recovery", daemon=True)
        self.recovered = 0
        self._living = Living(catalogue, owner, parts, self._takes_bells)
        beat = self._living.beat
        if "sweep" in parts:
            rounds = self.postman.round if self.postman else None
            clocks = (self.sweeper.sweep, self._tidy, self.sweeper.tick, rounds, self.tallying.round)
            self._clockwork = Clockwork(*clocks, self._do_chores, keeper.look if keeper else None, beat)
        else:
            self._clockwork = Clockwork(self.sweeper.look, self.sweeper.look, beat=beat)

    def _takes_bells(self) -> bool:
        return self._workers.alive and not self.bell.down

    def _tidy(self) -> None:
        self.sweeper.tidy()
        self.tallying.tidy()
        if self.postman:
            self.postman.tidy()

    def _do_chores(self) -> None:
        if self.sweeper.leads():
            for chore in self._chores:
                if not self.sweeper.stopping.is_set():
                    guarded(chore)()

    def hear(self, tenant_id: str, events: list[Row]) -> None:
        """Committed events that may mean work ring the bell."""
        if any(event["kind"] in WAKING for event in events) and not self.pump.looks_again(tenant_id):
            self.bell.ring(tenant_id)
        if any(event["kind"] == "export.asked" for event in events):
            self.bell.ring(tenant_id, EXPORT)

    def start(self) -> None:
        """Recover, then work: at the latest after a second, and the rest is recovered beside the work."""
        sweeps = "sweep" in self._parts
        if sweeps:
            self._recovery.start()
            self._recovery.join(FIRST_S)
        if "pump" in self._parts:
            self._workers.start()
        if sweeps:
            self.sweeper.sweep()
        if self._parts:
            self._living.beat()
            self._clockwork.start()

    def _recover(self) -> None:
        self.recovered = self.sweeper.recover()
        if self.recovered:
            log.info("%d interrupted runs go on", self.recovered)

    def stop(self) -> None:
        """Runs stop between two steps and are given back; the next start goes on with them."""
        self.pump.stopping.set()
        self.tallying.stopping.set()
        self.sweeper.stopping.set()
        if self.postman:
            self.postman.stopping.set()
        self._calls.stopping.set()
        if self._keeper:
            self._keeper.stopping.set()
        self._clockwork.stop()
        if self._keeper:
            self._keeper.stop()
        if self._recovery.is_alive():
            self._recovery.join()
        self._living.stop()
        if self.postman:
            self.postman.stop()
        self.sweeper.stop()
        self._workers.stop(graceful=True)
