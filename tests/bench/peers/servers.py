"""Real servers on loopback for the time of a measurement, with every commit on disk."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests import postgres
from tests.postgres import free_port

DURABLE = ("max_connections=200", "shared_buffers=256MB")
START_S = 10


class Missing(Exception):
    """A part of a peer is not on this machine; the text names what."""


@contextmanager
def redis(fsync: str) -> Iterator[str]:
    """`redis://…` of an empty server with an append-only file; `fsync` is always or everysec. Raises Missing."""
    program = shutil.which("redis-server")
    if program is None:
        raise Missing("redis-server is not installed")
    port = free_port()
    options = {"port": port, "bind": "127.0.0.1", "appendonly": "yes", "appendfsync": fsync}
    options |= {"save": "", "maxmemory-policy": "noeviction"}
    given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    with tempfile.TemporaryDirectory(prefix="agenthq-redis-") as folder:
        server = subprocess.Popen([program, *given, "--dir", folder], stdout=subprocess.DEVNULL)
        try:
            _until_open(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(START_S)


@contextmanager
def database() -> Iterator[str]:
    """`postgresql://…` of an empty database that flushes each commit. Raises Missing."""
    try:
        postgres.find_programs()
    except RuntimeError as error:
        raise Missing(str(error)) from error
    with postgres.cluster(DURABLE) as url:
        yield url


def _until_open(port: int) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.02)
    raise Missing("redis-server did not start")
