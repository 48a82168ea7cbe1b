"""The doorbell: Huey carries "tenant T has work", never the work. A lost or doubled bell costs next to nothing."""

import logging
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec

from appliance import clock

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
    """Blocks until a bell rings. A tenant stands in the line once, so none waits behind another's thousand bells."""

    blocking = True

    def __init__(self, name: str = "bells", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._bells: OrderedDict[bytes, None] = OrderedDict()
        self._rung = threading.Condition()
        self._closed = False

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        with self._rung:
            self._bells.setdefault(data)
            self._rung.notify()

    def dequeue(self) -> bytes | None:
        with self._rung:
            while not self._bells and not self._closed:
                self._rung.wait()
            return None if self._closed else self._bells.popitem(last=False)[0]

    def queue_size(self) -> int:
        return len(self._bells)

    def flush_queue(self) -> None:
        with self._rung:
            self._bells.clear()

    def close(self) -> None:
        with self._rung:
            self._closed = True
            self._rung.notify_all()


class Doorbell(Huey):  # type: ignore[misc]
    """Bells are JSON `{"tenant": id}`; nothing is ever unpickled."""

    def __init__(self, **options: Any) -> None:
        super().__init__("bells", results=False, storage_class=BellStorage, **options)
        self._bell: Callable[[str], Task] | None = None

    def answer(self, pump: Callable[[str], None]) -> None:
        """Call `pump(tenant_id)` for every bell."""

        @self.task(name="bell")  # type: ignore[untyped-decorator]
        def bell(tenant_id: str) -> None:
            try:
                pump(tenant_id)
            except Exception:  # the job border: a worker outlives any one job
                log.exception("work for tenant %s failed", tenant_id)

        self._bell = bell.s

    def ring(self, tenant_id: str) -> None:
        if self._bell is not None:
            self.enqueue(self._bell(tenant_id))

    def serialize_task(self, task: Task) -> bytes:
        return msgspec.json.encode({"tenant": task.args[0]})

    def deserialize_task(self, data: bytes) -> Task:
        assert self._bell is not None
        return self._bell(msgspec.json.decode(data)["tenant"])


class Workers(Consumer):  # type: ignore[misc]
    """Huey's consumer inside the server: no signal handlers, no re-exec; stopped by the server's own shutdown."""

    def __init__(self, bell: Doorbell, workers: int, grace_s: float = 20) -> None:
        self._grace_s = grace_s
        super().__init__(bell, workers=workers, periodic=False, scheduler_interval=60, check_worker_health=False)

    def _set_signal_handlers(self) -> None:
        """Signals belong to the server."""

    def stop(self, graceful: bool = False) -> None:
        """Let runs end their step, within the grace; after that their leases are void."""
        self.stop_flag.set()
        self.huey.storage.close()
        until = clock.monotonic() + (self._grace_s if graceful else 0)
        for _, thread in self.worker_threads:
            thread.join(max(0.0, until - clock.monotonic()))
