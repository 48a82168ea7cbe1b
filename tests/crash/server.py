"""The server as a process of its own, which can be killed like a power cut would."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.db.tenants import Catalogue, open_catalogue
from tests.waiting import until

START_S = 20
# Benches and kills of what owners run: `PROGRAM=dist/agenthq-folder/agenthq make bench SCENE=gateway`.
PROGRAM = [os.environ["PROGRAM"]] if os.environ.get("PROGRAM") else [sys.executable, "-m", "appliance"]


class Server:
    """One start of `agenthq VERB` on `folder`; output is kept in server.log beside it."""

    def __init__(self, folder: Path, port: int, verb: str = "serve") -> None:
        self.folder = folder
        command = [*PROGRAM, verb, "--no-open", "--port", str(port), "--data", str(folder)]
        env = {name: value for name, value in os.environ.items() if not name.startswith("AGENTHQ_")}
        with folder.with_name("server.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def log(self) -> str:
        return self.folder.with_name("server.log").read_text()

    @property
    def link(self) -> str:
        # Empty for the moment in which it is written.
        return str(json.loads((self.folder / "server.lock").read_text() or "{}").get("link", ""))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_S)


@contextmanager
def serving(folder: Path, port: int, verb: str = "serve") -> Iterator[Server]:
    """The server runs, or has ended with its log in the error."""
    server = Server(folder, port, verb)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()


@contextmanager
def opened(folder: Path) -> Iterator[Catalogue]:
    """The data as another process sees it."""
    until((folder / "control.db").exists, START_S)
    catalogue = open_catalogue(folder)
    yield catalogue
    catalogue.close()
