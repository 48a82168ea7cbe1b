"""A throw-away PostgreSQL for one test session: made in a temporary folder, gone with the process that asked for it."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

# Nothing here outlives the tests, so nothing needs to survive a power cut.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "shared_buffers=64MB")
START_SECONDS = 20
OWN_PORTS = range(10_000, 16_000)


@contextmanager
def cluster(options: tuple[str, ...] = FAST) -> Iterator[str]:
    """Yields `postgresql://…` of an empty database; the server stops and its folder goes when the block ends.

    `options` are settings of the server, `name=value` each; without FAST's, every commit is flushed to disk.
    Raises RuntimeError that names the Debian package when PostgreSQL is missing, or with the server's own log.
    """
    programs = find_programs()
    folder = Path(tempfile.mkdtemp(prefix="agenthq-postgres-"))
    server: subprocess.Popen[bytes] | None = None
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        _initialise(programs, folder)
        port = free_port()
        with (folder / "server.log").open("wb") as log:
            server = subprocess.Popen(
                _as_owner(_server(programs, folder, port, options)), stdout=log, stderr=log, cwd=folder
            )
        _wait_ready(programs, folder, port, server)
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        if server:
            server.send_signal(signal.SIGINT)
            server.wait(START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def fresh(url: str) -> str:
    """`postgresql://…` of a new database in the same cluster."""
    name = f"fresh_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{url.rpartition('/')[0]}/{name}"


def find_programs() -> Path:
    """The newest folder that holds `initdb`, from Debian's place or from PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    if not found:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    return Path(found).parent


def free_port() -> int:
    """One that nobody listens on, out of the range from which outgoing connections get theirs."""
    while True:
        port = secrets.choice(OWN_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _initialise(programs: Path, folder: Path) -> None:
    command = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    done = subprocess.run(
        _as_owner([*command, "--no-sync", "--locale=C.UTF-8"]), capture_output=True, text=True, cwd=folder, check=False
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr.strip()}")


def _server(programs: Path, folder: Path, port: int, options: tuple[str, ...]) -> list[str]:
    given = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", *options]
    return [str(programs / "postgres"), "-D", str(folder / "data"), *(part for o in given for part in ("-c", o))]


def _as_owner(command: list[str]) -> list[str]:
    """PostgreSQL refuses root; the death signal takes the server along when the tests are killed."""
    prefix = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        prefix += [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    return [*prefix, *command]


def _wait_ready(programs: Path, folder: Path, port: int, server: subprocess.Popen[bytes]) -> None:
    probe = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run(probe, check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {(folder / 'server.log').read_text()[-2000:]}")
        time.sleep(0.02)
