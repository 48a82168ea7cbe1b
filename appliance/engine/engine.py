"""The engine as one part: started after the databases, stopped before them."""

from collections.abc import Callable

from appliance.calls import Calls
from appliance.db.database import Row
from appliance.db.tenants import Catalogue
from appliance.engine.bells.line import Line
from appliance.engine.postman import Postman
from appliance.engine.pump import Pump
from appliance.engine.queue import Doorbell, Workers
from appliance.engine.schedule import Clockwork, guarded
from appliance.engine.sweeper import Sweeper
from appliance.engine.tallying import EXPORT, Tallying
from appliance.post import Post

ALL = frozenset({"pump", "sweep"})
WAKING = frozenset(
    {"run.queued", "run.ready", "run.released", "agent.resumed", "agent.changed", "instance.started", "instance.landed"}
)


class Engine:
    """`parts` says what this process does of it: pump (work), sweep (look after work), or with neither only ring.

    `post` delivers notices, in the process that sweeps. `chores` are done by the leader once a minute, for the box as a
    whole.
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
    ) -> None:
        self.bell = Doorbell(line)
        self._parts = parts
        self.pump = Pump(catalogue, calls, self.bell, owner, lease_s, workers)
        self.bell.answer(self.pump.serve)
        self.tallying = Tallying(catalogue, calls, self.bell)
        self.sweeper = Sweeper(catalogue, self.bell, owner)
        self.postman = Postman(catalogue, post) if post and "sweep" in parts else None
        self._calls = calls
        self._chores = chores
        self._workers = Workers(self.bell, workers if "pump" in parts else 0, grace_s)
        if "sweep" in parts:
            rounds = self.postman.round if self.postman else None
            clocks = (self.sweeper.sweep, self._tidy, self.sweeper.tick, rounds, self.tallying.round)
            self._clockwork = Clockwork(*clocks, self._do_chores)
        else:
            self._clockwork = Clockwork(self.sweeper.look, self.sweeper.look)

    def _tidy(self) -> None:
        self.sweeper.tidy()
        self.tallying.tidy()
        if self.postman:
            self.postman.tidy()

    def _do_chores(self) -> None:
        if self.sweeper.leads():
            for chore in self._chores:
                guarded(chore)()

    def hear(self, tenant_id: str, events: list[Row]) -> None:
        """Committed events that may mean work ring the bell."""
        if any(event["kind"] in WAKING for event in events) and not self.pump.looks_again(tenant_id):
            self.bell.ring(tenant_id)
        if any(event["kind"] == "export.asked" for event in events):
            self.bell.ring(tenant_id, EXPORT)

    def start(self) -> int:
        """Recover, then work; how many interrupted runs go on."""
        sweeps = "sweep" in self._parts
        recovered = self.sweeper.recover() if sweeps else 0
        if "pump" in self._parts:
            self._workers.start()
        if sweeps:
            self.sweeper.sweep()
        if self._parts:
            self._clockwork.start()
        return recovered

    def stop(self) -> None:
        """Runs stop between two steps and are given back; the next start goes on with them."""
        self.pump.stopping.set()
        self.tallying.stopping.set()
        self._calls.stopping.set()
        self._clockwork.stop()
        if self.postman:
            self.postman.stop()
        self.sweeper.stop()
        self._workers.stop(graceful=True)
