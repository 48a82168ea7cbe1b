"""A throw-away Redis, which can be killed and started again at the same address."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.postgres import free_port
from tests.waiting import until


class RedisProgram:
    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        command = ["setpriv", "--pdeathsig", "KILL", "redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen([*command, "--save", "", "--appendonly", "no"], stdout=quiet, stderr=quiet)
        until(self._answers)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def flush(self) -> None:
        """FLUSHALL: everything in it is gone."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as client:
            client.sendall(b"FLUSHALL\r\n")
            assert client.recv(100) == b"+OK\r\n"

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False


@contextmanager
def redis_program() -> Iterator[RedisProgram]:
    running = RedisProgram()
    yield running
    running.kill()
