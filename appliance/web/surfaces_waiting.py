"""Waiting on the loop for what another thread will say."""

import asyncio
from collections import deque
from contextlib import suppress
from threading import Lock
from typing import Any, TypeVar

from appliance.calls.promises import Promise

T = TypeVar("T")


class Waiting:
    """Wakes the loop once for all that is said at once, where `asyncio.wrap_future` wakes it for each.

    Made on the loop that will wait. Who does not wait any more takes nothing back from the other thread.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._said: deque[tuple[asyncio.Future[Any], Promise[Any]]] = deque()
        self._called = False
        self._door = Lock()

    async def on(self, promise: "Promise[T]") -> T:
        waiting: asyncio.Future[T] = self._loop.create_future()
        promise.add_done_callback(lambda done: self._say(waiting, done))
        return await waiting

    def _say(self, waiting: "asyncio.Future[T]", done: "Promise[T]") -> None:
        """In the thread that says it."""
        with self._door:
            self._said.append((waiting, done))
            called, self._called = self._called, True
        if not called:
            # Who waited has gone with the loop.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._hear)

    def _hear(self) -> None:
        with self._door:
            said, self._said = self._said, deque()
            self._called = False
        for waiting, done in said:
            if waiting.done():
                continue
            if error := done.exception():
                waiting.set_exception(error)
            else:
                waiting.set_result(done.result())
