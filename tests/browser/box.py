"""The real program as a child process on a folder of its own, with the demo's sample organisation in it."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import urlsplit

from tests.postgres import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


class Link(NamedTuple):
    origin: str
    enter: str
    task: str


class Box:
    """`demo` fills the folder at the first start; `stop` and `start` again keep port and data."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.link = Link("", "", "")
        self.log: list[str] = []
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> "Box":
        command = [sys.executable, "-m", "appliance", "demo", "--no-open", "--port", str(self.port)]
        env = {name: value for name, value in os.environ.items() if not name.startswith("AGENTHQ_")}
        self._child = subprocess.Popen(
            [*command, "--data", str(self.folder)],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.link = self._wait_for_link(self._child)
        return self

    def stop(self) -> None:
        if self._child and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            self._child.wait(20)

    def is_up(self) -> bool:
        try:
            return bool(urllib.request.urlopen(f"{self.link.origin}/livez", timeout=2).status == 200)
        except OSError:
            return False

    def _wait_for_link(self, child: subprocess.Popen[str]) -> Link:
        found = threading.Event()
        assert child.stdout
        threading.Thread(target=self._read, args=(child.stdout, found), daemon=True).start()
        deadline = time.monotonic() + PATIENCE_S
        while not found.wait(0.1):
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the demo did not start:\n" + "\n".join(self.log))
        address = next(line.split()[-1] for line in reversed(self.log) if line.startswith("Open"))
        parts = urlsplit(address)
        return Link(f"{parts.scheme}://{parts.netloc}", address, parts.query.partition("next=")[2])

    def _read(self, output: IO[str], found: threading.Event) -> None:
        for line in output:
            self.log.append(line.rstrip())
            if line.startswith("Open"):
                found.set()
