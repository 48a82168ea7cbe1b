"""The floor below every gateway made of our parts: uvicorn, aiohttp, and a durable row for each call before it is sent.

No keys, budgets, prices, translation nor second row of what it cost: what the box adds to this is its own.
`python -m tests.bench.peers.bare_gateway URL FILE` prints its port.
"""

import asyncio
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import aiohttp
import uvicorn

from appliance.db import sqlite_connection
from tests.postgres import free_port

BATCH = 64
Waiting = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]


@contextmanager
def opened(fake: str, models: list[str]) -> Iterator[tuple[str, str, int]]:
    """Address, key and process; any model goes."""
    with tempfile.TemporaryDirectory(prefix="agenthq-bare-") as folder:
        command = [sys.executable, "-m", "tests.bench.peers.bare_gateway", fake, str(Path(folder) / "bare.db")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout
            try:
                yield f"http://127.0.0.1:{int(server.stdout.readline())}", "none", server.pid
            finally:
                server.kill()


def python() -> Path:
    return Path(sys.executable)


class Bare:
    def __init__(self, provider: str, file: Path) -> None:
        self._provider = provider
        self._file = file
        self._waiting: SimpleQueue[Waiting] = SimpleQueue()
        self._session: aiohttp.ClientSession | None = None
        threading.Thread(target=self._write, daemon=True).start()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=False)
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[None] = loop.create_future()
        self._waiting.put((loop, stored))
        await stored
        headers = {"content-type": "application/json", "authorization": "Bearer sk-fake"}
        async with self._session.post(self._provider + "/chat/completions", data=body, headers=headers) as answer:
            kept = [pair for pair in answer.raw_headers if pair[0].lower() in (b"content-type", b"content-length")]
            await send({"type": "http.response.start", "status": answer.status, "headers": kept})
            async for piece in answer.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _write(self) -> None:
        """Calls that wait together share a commit, as in the box."""
        conn = sqlite_connection.connect(self._file)
        conn.execute("CREATE TABLE calls (id INTEGER PRIMARY KEY, about TEXT NOT NULL)")
        while True:
            waiting = [self._waiting.get()]
            while len(waiting) < BATCH and not self._waiting.empty():
                waiting.append(self._waiting.get())
            conn.execute("BEGIN IMMEDIATE")
            conn.execute(f"INSERT INTO calls (about) VALUES {', '.join(['(?)'] * len(waiting))}", _rows(waiting))
            conn.execute("COMMIT")
            for loop, stored in waiting:
                loop.call_soon_threadsafe(stored.set_result, None)


def _rows(waiting: list[Waiting]) -> list[str]:
    return ["a call of a tool outside, with its model, its key and its account" * 4] * len(waiting)


def main() -> None:
    port = free_port()
    app = Bare(sys.argv[1], Path(sys.argv[2]))
    config = uvicorn.Config(app, port=port, log_level="critical", lifespan="off", access_log=False)
    server = uvicorn.Server(config)

    async def serve() -> None:
        started = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        print(port, flush=True)
        await started

    factory = config.get_loop_factory()
    assert factory
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve())


if __name__ == "__main__":
    main()
