"""Starts the built executable the way its owner would and stops it again."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.postgres import free_port

START_SECONDS = 30


class Box(NamedTuple):
    """A folder with data, a folder for temporary files and the executable that works in them."""

    executable: Path
    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def temp(self) -> Path:
        return self.folder / "tmp"

    def env(self) -> dict[str, str]:
        self.temp.mkdir(exist_ok=True)
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TMPDIR": str(self.temp), "LANG": "C.UTF-8"}

    def run(self, *args: str, text: str = "") -> subprocess.CompletedProcess[str]:
        command = [str(self.executable), *args]
        return subprocess.run(command, env=self.env(), input=text, capture_output=True, text=True, check=False)


class Server(NamedTuple):
    url: str
    process: subprocess.Popen[bytes]

    def pids(self) -> list[int]:
        """The process that was started, then the program that the single file unpacked, if it is one."""
        first = self.process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def kill(self) -> None:
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(START_SECONDS)


@contextmanager
def serving(box: Box) -> Iterator[Server]:
    port = free_port()
    command = [str(box.executable), "serve", "--port", str(port), "--no-open", "--data", str(box.data)]
    with (box.folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, env=box.env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    server = Server(f"http://127.0.0.1:{port}", process)
    try:
        _wait(server, box)
        yield server
    finally:
        if process.poll() is None:
            server.kill()


def get(url: str, key: str = "", body: bytes | None = None) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if body:
        headers["Content-Type"] = "application/json"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _wait(server: Server, box: Box) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if get(f"{server.url}/livez")[0] == 200:
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"no answer from the executable:\n{(box.folder / 'server.log').read_text()}")
