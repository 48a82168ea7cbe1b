"""What one thread will say to another: a `concurrent.futures.Future` without the lock and the condition of each.

Those take as long as all else that the desk's two answers to a call need, and nearly nobody blocks on one.
"""

from collections import deque
from collections.abc import Callable
from threading import Event
from typing import Generic, TypeVar, cast

T = TypeVar("T")


class Promise(Generic[T]):
    """Kept or broken once, by the thread that gave it."""

    __slots__ = ("_error", "_hearing", "_said", "_value")

    def __init__(self) -> None:
        self._hearing: deque[Callable[[Promise[T]], object]] = deque()
        self._said = False
        self._value: T | None = None
        self._error: BaseException | None = None

    def done(self) -> bool:
        return self._said

    def set_result(self, value: T) -> None:
        self._value = value
        self._say()

    def set_exception(self, error: BaseException) -> None:
        self._error = error
        self._say()

    def add_done_callback(self, hear: "Callable[[Promise[T]], object]") -> None:
        """Called once: in the thread that says it, or here where it is said already."""
        self._hearing.append(hear)
        # What is said between these two lines is heard by whoever of both takes `hear` out: taking is one step.
        if self._said:
            self._tell()

    def result(self, timeout: float | None = None) -> T:
        """What was said, which may have to be waited for. Raises it where it is an error, and TimeoutError."""
        if error := self.exception(timeout):
            raise error
        return cast("T", self._value)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        if not self._said:
            told = Event()
            self.add_done_callback(lambda _: told.set())
            if not told.wait(timeout):
                raise TimeoutError
        return self._error

    def _say(self) -> None:
        assert not self._said
        self._said = True
        self._tell()

    def _tell(self) -> None:
        while self._hearing:
            try:
                hear = self._hearing.popleft()
            except IndexError:
                return
            hear(self)
