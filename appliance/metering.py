"""What this process does for each tenant, counted in memory: processor time, requests, bytes. Others write it down.

Processor time belongs to the process, so this module holds state of the process, as `clock` does.
"""

import os
import threading
import time
from collections.abc import Coroutine, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar, cast

from appliance import clock

T = TypeVar("T")
NOBODY = ""


class Use:
    """What one request used so far; whoever finds out the tenant writes it here. `kind` is pages, api or gateway."""

    __slots__ = ("bytes_in", "bytes_out", "kind", "nanoseconds", "tenant_id")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.tenant_id = NOBODY
        self.nanoseconds = self.bytes_in = self.bytes_out = 0


class Key(NamedTuple):
    day: str
    tenant_id: str


class Sums:
    """Of one tenant and day; processor time in nanoseconds."""

    __slots__ = ("api", "bytes_in", "bytes_out", "gateway", "pages", "request_ns", "work_ns")

    def __init__(self) -> None:
        self.pages = self.api = self.gateway = 0
        self.request_ns = self.work_ns = self.bytes_in = self.bytes_out = 0


_current: ContextVar[Use | None] = ContextVar("use", default=None)
_guard = threading.Lock()
_sums: dict[Key, Sums] = {}
_counted = [0, 0]  # nanoseconds: of this process when they were last taken, and given to tenants since


def of(tenant_id: str) -> None:
    """The request under way is this tenant's."""
    if use := _current.get():
        use.tenant_id = tenant_id


@contextmanager
def working(tenant_id: str) -> Iterator[None]:
    """The processor time of this thread inside the block is the tenant's."""
    began = time.thread_time_ns()
    try:
        yield
    finally:
        spent = time.thread_time_ns() - began
        with _guard:
            _of(tenant_id).work_ns += spent
            _counted[1] += spent


def finished(use: Use) -> None:
    with _guard:
        sums = _of(use.tenant_id)
        setattr(sums, use.kind, getattr(sums, use.kind) + 1)
        sums.request_ns += use.nanoseconds
        sums.bytes_in += use.bytes_in
        sums.bytes_out += use.bytes_out
        _counted[1] += use.nanoseconds


def take() -> dict[Key, Sums]:
    """What was counted since the last time. The rest of what the process used stands under NOBODY."""
    with _guard:
        now = _process_ns()
        rest, _counted[:] = max(0, now - _counted[0] - _counted[1]), [now, 0]
        _of(NOBODY).work_ns += rest
        taken = dict(_sums)
        _sums.clear()
        return taken


def put_back(taken: dict[Key, Sums]) -> None:
    """It could not be written down yet."""
    with _guard:
        for key, sums in taken.items():
            kept = _sums.setdefault(key, Sums())
            for name in Sums.__slots__:
                setattr(kept, name, getattr(kept, name) + getattr(sums, name))


def _of(tenant_id: str) -> Sums:
    key = Key(clock.iso()[:10], tenant_id)
    if (found := _sums.get(key)) is None:
        found = _sums[key] = Sums()
    return found


def _process_ns() -> int:
    """With the programs it started and waited for."""
    used = os.times()
    return time.process_time_ns() + int((used.children_user + used.children_system) * 1e9)


class Metered(Generator[Any, Any, T]):
    """A coroutine whose steps in the event loop, between one wait and the next, are counted on `use`."""

    def __init__(self, work: Coroutine[Any, Any, T], use: Use) -> None:
        self._work = work
        self._use = use

    def __await__(self) -> Generator[Any, Any, T]:
        return self

    def send(self, value: Any) -> Any:
        began = time.thread_time_ns()
        try:
            return self._work.send(value)
        finally:
            self._use.nanoseconds += time.thread_time_ns() - began

    def throw(self, *error: Any) -> Any:
        began = time.thread_time_ns()
        try:
            return self._work.throw(*error)
        finally:
            self._use.nanoseconds += time.thread_time_ns() - began

    def close(self) -> None:
        self._work.close()


class request:
    """A request from its first byte to its last; what it used is counted at its end."""

    def __init__(self, kind: str) -> None:
        self._use = Use(kind)

    def __enter__(self) -> Use:
        self._token = _current.set(self._use)
        return self._use

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
        finished(self._use)


class Threads(ThreadPoolExecutor):
    """Threads whose processor time is counted on the request that gave them the work."""

    def submit(self, work: Any, /, *args: Any, **named: Any) -> "Future[Any]":
        use = _current.get()
        if use is None:
            return super().submit(work, *args, **named)
        return super().submit(_timed, use, work, *args, **named)


def _timed(use: Use, work: Any, /, *args: Any, **named: Any) -> Any:
    began = time.thread_time_ns()
    try:
        return work(*args, **named)
    finally:
        use.nanoseconds += time.thread_time_ns() - began


def passing(use: Use, receive: Any, send: Any) -> tuple[Any, Any]:
    """ASGI's two callables, with the bytes of bodies counted on their way."""

    async def received() -> Any:
        message = await receive()
        use.bytes_in += len(message.get("body", b""))
        return message

    async def sent(message: Any) -> None:
        use.bytes_out += len(message.get("body", b""))
        await send(message)

    return received, sent


def asgi(work: Coroutine[Any, Any, None], use: Use) -> Coroutine[Any, Any, None]:
    """`await` this in place of `work`."""
    return cast("Coroutine[Any, Any, None]", Metered(work, use))
