"""PyPI llmock as a process: a model server that nobody here wrote, which can be told to fail and judges its client."""

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Llmock:
    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, path: str, body: object) -> Any:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=5) as response:
            return json.load(response)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=5) as response:
            return json.load(response)

    def will(self, **behaviour: object) -> None:
        self.post("/_llmock/scenario", {"behaviors": [behaviour]})

    def requests(self) -> list[dict[str, Any]]:
        """What it was asked, oldest first."""
        return list(self.get("/_llmock/requests")["requests"])

    def faults(self) -> list[str]:
        """What it holds against its client: the errors of its own verdict."""
        findings = self.get("/_llmock/verdict")["findings"]
        return [f"{found['code']}: {found['title']}" for found in findings if found["severity"] == "error"]


@contextmanager
def running() -> Iterator[Llmock]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
    command = [str(Path(sys.executable).with_name("llmock")), "serve", "--port", str(port), "--log-level", "info"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "running on" in line:
                break
        yield Llmock(f"http://127.0.0.1:{port}")
        process.terminate()
