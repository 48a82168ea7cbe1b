"""The doorbell: Huey carries "tenant T has work", never the work. A lost or doubled bell costs next to nothing."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from appliance import clock, metering
from appliance.engine.bells.line import Line
from appliance.engine.bells.memory import MemoryLine

# Huey loads the drivers of every storage it finds, 0.3 s for two that are not used here.
_unused = [name for name in ("psycopg", "redis") if name not in sys.modules]
sys.modules.update(dict.fromkeys(_unused))  # type: ignore[arg-type]
from huey import Huey  # noqa: E402
from huey.api import Task  # noqa: E402
from huey.consumer import Consumer  # noqa: E402
from huey.storage import MemoryStorage  # noqa: E402

for _name in _unused:
    del sys.modules[_name]

log = logging.getLogger(__name__)


class BellStorage(MemoryStorage):  # type: ignore[misc]
    """Huey's storage around a line of bells. What else Huey keeps (revocations, schedules) stays in this process."""

    blocking = True

    def __init__(self, name: str = "bells", *, line: Line, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.line = line

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        self.line.ring(data)

    def dequeue(self) -> bytes | None:
        return self.line.take()

    def queue_size(self) -> int:
        return self.line.size()

    def flush_queue(self) -> None:
        self.line.clear()

    def close(self) -> None:
        self.line.close()


WORK = "bell"


class Doorbell(Huey):  # type: ignore[misc]
    """Bells are JSON `{"tenant": id}`, with `"job"` when it is another than runs; nothing is ever unpickled."""

    def __init__(self, line: Line | None = None) -> None:
        super().__init__("bells", results=False, storage_class=BellStorage, line=line or MemoryLine())
        self._bells: dict[str, Callable[[str], Task]] = {}
        self.over = False

    def answer(self, pump: Callable[[str], None], job: str = WORK) -> None:
        """Call `pump(tenant_id)` for every bell of this job."""

        @self.task(name=job)  # type: ignore[untyped-decorator]
        def bell(tenant_id: str) -> None:
            try:
                with metering.working(tenant_id):
                    pump(tenant_id)
            except Exception:  # the job border: a worker outlives any one job
                # What outlives the grace finds its databases closed, and is taken up by the next start.
                log.log(logging.DEBUG if self.over else logging.ERROR, "work for %s failed", tenant_id, exc_info=True)

        self._bells[job] = bell.s

    def ring(self, tenant_id: str, job: str = WORK) -> None:
        if job in self._bells:
            self.enqueue(self._bells[job](tenant_id))

    @property
    def down(self) -> bool:
        """Do bells of other processes not arrive?"""
        return bool(self.storage.line.down)

    def waits(self) -> bool:
        """Whether somebody else's work may wait for a worker."""
        return bool(self.storage.line.waits())

    def serialize_task(self, task: Task) -> bytes:
        bell = {"tenant": task.args[0]}
        return msgspec.json.encode(bell if task.name == WORK else bell | {"job": task.name})

    def deserialize_task(self, data: bytes) -> Task:
        bell = msgspec.json.decode(data)
        return self._bells[bell.get("job", WORK)](bell["tenant"])


class Workers(Consumer):  # type: ignore[misc]
    """Huey's consumer inside the server: no signal handlers, no re-exec; stopped by the server's own shutdown."""

    def __init__(self, bell: Doorbell, workers: int, grace_s: float = 20) -> None:
        self._grace_s = grace_s
        super().__init__(bell, workers=workers, periodic=False, scheduler_interval=60, check_worker_health=False)

    def _set_signal_handlers(self) -> None:
        """Signals belong to the server."""

    @property
    def alive(self) -> bool:
        return all(thread.is_alive() for _, thread in self.worker_threads)

    def stop(self, graceful: bool = False) -> None:
        """Let runs end their step, within the grace; after that their leases are void."""
        self.stop_flag.set()
        self.huey.storage.close()
        until = clock.monotonic() + (self._grace_s if graceful else 0)
        for _, thread in self.worker_threads:
            if not thread.is_alive():
                continue
            thread.join(max(0.0, until - clock.monotonic()))
        self.huey.over = True
