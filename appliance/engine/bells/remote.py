"""A line on another server. When that is down, each process answers its own bells and looks for work by itself."""

import logging
import threading
from typing import Protocol

from appliance.engine.bells.line import Line
from appliance.errors import Problem

WAIT_S = 1.0
log = logging.getLogger(__name__)


class Server(Protocol):
    """The line as its server keeps it. Every method may raise Problem(unavailable), and works again when it is back."""

    def put(self, bells: list[bytes]) -> None:
        """Those in line already keep their place."""

    def take(self, wait_s: float) -> bytes | None: ...

    def size(self) -> int: ...

    def clear(self) -> None: ...

    def close(self) -> None: ...


class RemoteLine(Line):
    """Bells leave through one thread, so that ringing costs no round trip; all that are rung meanwhile leave together.

    One worker at a time waits at the server, the others for that one: a process needs one connection, not one for
    each worker.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._leaving: dict[bytes, None] = {}
        self._rung = threading.Condition()
        self._door = threading.Lock()
        self._closed = threading.Event()
        self._weather = threading.Lock()
        self.down = False
        self._ringer = threading.Thread(target=self._carry, name="ringer", daemon=True)
        self._ringer.start()

    def ring(self, bell: bytes) -> None:
        with self._rung:
            self._leaving.setdefault(bell)
            self._rung.notify_all()

    def take(self) -> bytes | None:
        with self._door:
            if self._closed.is_set():
                return None
            try:
                found = self._server.take(WAIT_S)
            except Problem as problem:
                self._lost(problem)
                return self._own()
            self._found()
            return found

    def _own(self) -> bytes | None:
        """A bell rung in this process that could not leave, after waiting for one."""
        with self._rung:
            self._rung.wait_for(lambda: self._leaving or self._closed.is_set(), WAIT_S)
            if not self._leaving or self._closed.is_set():
                return None
            bell = next(iter(self._leaving))
            del self._leaving[bell]
            return bell

    def size(self) -> int:
        return self._server.size()

    def clear(self) -> None:
        self._server.clear()

    def close(self) -> None:
        self._closed.set()
        with self._rung:
            self._rung.notify_all()
        self._ringer.join(WAIT_S)
        with self._door:
            self._server.close()

    def _carry(self) -> None:
        while not self._closed.is_set():
            with self._rung:
                while not self._leaving and not self._closed.is_set():
                    self._rung.wait()
                bells, self._leaving = list(self._leaving), {}
            try:
                if bells:
                    self._server.put(bells)
                    self._found()
            except Problem as problem:
                self._lost(problem)
                with self._rung:
                    self._leaving = dict.fromkeys(bells) | self._leaving
                    self._rung.notify_all()
                self._closed.wait(WAIT_S)

    def _lost(self, problem: Problem) -> None:
        if self._turns(down=True):
            log.warning("%s Meanwhile each process looks for work by itself.", problem.detail)

    def _found(self) -> None:
        if self._turns(down=False):
            log.warning("The queue server is back.")

    def _turns(self, down: bool) -> bool:
        """Whether this is the news: the ringer and the taker often meet the same outage at once."""
        with self._weather:
            news, self.down = self.down != down, down
        return news
