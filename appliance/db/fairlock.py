"""A lock that serves waiters in the order they came: threading.Lock lets one thread starve the others."""

import threading
from collections import deque


class FairLock:
    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self, wait: bool = True) -> bool:
        """False when another has it and this one would not wait."""
        with self._guard:
            if not self._held:
                self._held = True
                return True
            if not wait:
                return False
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()
        return True

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False
