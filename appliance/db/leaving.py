"""Closes what nobody needs just now, on a thread of its own: no request waits for another tenant's disk."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

# Each that waits to be closed still holds its files.
MOST = 16


class Leaving:
    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="closing")
        self._guard = threading.Lock()
        self._going: dict[Future[object], str] = {}

    def later(self, name: str, close: Callable[[], object]) -> None:
        going = self._thread.submit(close)
        with self._guard:
            self._going[going] = name
        going.add_done_callback(self._gone)

    def keep_up(self) -> None:
        """Wait while too many are to be closed."""
        with self._guard:
            oldest = next(iter(self._going)) if len(self._going) > MOST else None
        if oldest:
            wait([oldest])

    def over(self, name: str = "") -> None:
        """Wait until all are closed, or all of one database."""
        with self._guard:
            found = [going for going, whose in self._going.items() if name in ("", whose)]
        wait(found)

    def _gone(self, going: Future[object]) -> None:
        with self._guard:
            del self._going[going]
