"""The desk's thread: one job after the other, and one that waits a moment for others to come before it.

An executor takes half as long again for each job, most of it to see whether it needs another thread.
"""

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from appliance import clock
from appliance.calls.promises import Promise

T = TypeVar("T")
Job = Callable[[], object]
log = logging.getLogger(__name__)


class Line:
    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._late: tuple[float, Job] | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def do(self, job: Job) -> None:
        """From any thread; what goes wrong is logged. Raises RuntimeError when it is closed: nobody waits for ever."""
        if self._closed:
            raise RuntimeError("the desk is closed")
        self._jobs.put(job)

    def submit(self, act: Callable[..., T], *given: Any) -> "Promise[T]":
        future: Promise[T] = Promise()
        self.do(lambda: _carry_out(future, act, given))
        return future

    def hold(self, job: Job, seconds: float) -> None:
        """Do it so much later, unless it is let go before; asked for by a job, and again it changes nothing."""
        self._late = self._late or (clock.monotonic() + seconds, job)

    def let_go(self) -> None:
        self._late = None

    def close(self) -> None:
        """What is in line is done before this is over."""
        self._closed = True
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while job := self._next():
            done: Promise[object] = Promise()
            _carry_out(done, job, ())
            if error := done.exception():
                log.error("the desk failed", exc_info=error)

    def _next(self) -> Job | None:
        if self._late is None:
            return self._jobs.get()
        at, late = self._late
        try:
            return self._jobs.get(timeout=max(0.0, at - clock.monotonic()))
        except Empty:
            self._late = None
            return late


def _carry_out(future: "Promise[Any]", act: Callable[..., object], given: tuple[Any, ...]) -> None:
    with _Told(future):
        future.set_result(act(*given))


class _Told:
    """What goes wrong is told to the future, and to nobody else: the thread goes on."""

    def __init__(self, future: "Promise[Any]") -> None:
        self._future = future

    def __enter__(self) -> None:
        """Nothing is known yet."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error and self._future.done():
            log.error("what the desk told could not be heard", exc_info=error)
        elif error:
            self._future.set_exception(error)
        return True
