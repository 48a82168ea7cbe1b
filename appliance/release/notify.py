"""What systemd is told (sd_notify(3)): ready, stopping, and that the box is well, by a write and a read of its data."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from appliance.errors import Problem

EXTEND_S = 60
PAUSE_S = 20.0
log = logging.getLogger("agenthq")


class Supervisor:
    """Silent where nobody listens: outside a service with Type=notify."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        given = os.environ if env is None else env
        self._address = given.get("NOTIFY_SOCKET", "")
        self.every = _interval(given)
        self._ready = threading.Event()

    @property
    def listening(self) -> bool:
        return bool(self._address)

    def ready(self, status: str) -> None:
        self._ready.set()
        self._say("READY=1", f"STATUS={status}")

    def stopping(self) -> None:
        self._say("STOPPING=1", "STATUS=Stopping: model calls in flight end first")

    def round(self, well: Callable[[], None]) -> None:
        """One feeding of the watchdog; while the start goes on, its time is extended instead."""
        if not self._ready.is_set():
            self._say(f"EXTEND_TIMEOUT_USEC={EXTEND_S * 1_000_000}", "STATUS=Starting")
            return
        try:
            well()
        except Problem as problem:
            log.warning("the watchdog is not fed: %s", problem.detail)
            self._say(f"STATUS=Not well: {problem.detail}")
            return
        self._say("WATCHDOG=1")

    def _say(self, *lines: str) -> None:
        if not self._address:
            return
        where = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.settimeout(1)
                out.sendto("\n".join(line.replace("\n", " ") for line in lines).encode(), where)
        except OSError as error:
            log.warning("systemd was not told %s: %s", lines[0], error)


@contextmanager
def supervised(well: Callable[[], None], env: Mapping[str, str] | None = None) -> Iterator[Supervisor]:
    """Feeds the watchdog while the block runs; `well` makes a round trip through the data or raises Problem."""
    supervisor, ended = Supervisor(env), threading.Event()

    def feed() -> None:
        while True:
            supervisor.round(well)
            if ended.wait(supervisor.every):
                return

    thread = threading.Thread(target=feed, name="watchdog", daemon=True)
    if supervisor.listening:
        thread.start()
    try:
        yield supervisor
    finally:
        ended.set()
        if supervisor.listening:
            thread.join(timeout=5)


def _interval(env: Mapping[str, str]) -> float:
    """A third of what the watchdog allows. The single file's loader is our parent, and systemd's main process."""
    allowed, whose = env.get("WATCHDOG_USEC", ""), env.get("WATCHDOG_PID", "")
    if not allowed.isdigit() or whose not in ("", str(os.getpid()), str(os.getppid())):
        return PAUSE_S
    return max(0.05, min(PAUSE_S, int(allowed) / 3_000_000))
