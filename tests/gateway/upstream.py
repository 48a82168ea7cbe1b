"""A provider that keeps the exact bytes it was sent and answers the exact bytes a test gives it, piece by piece."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Piece:
    """Bytes of a stream; with `wait` they are sent only once the test lets `go`."""

    text: bytes
    wait: bool = False


@dataclass
class Answer:
    """`cut` drops the connection after the last piece."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    cut: bool = False
    hold: bool = False


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Upstream:
    def __init__(self) -> None:
        self.answers: deque[Answer] = deque()
        self.received: list[Received] = []
        self.go = threading.Semaphore(0)
        self.left = threading.Event()
        self.url = ""

    def will(self, *answers: Answer) -> None:
        self.answers.extend(answers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(request.method, str(request.rel_url), headers, body))
        answer = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        if not answer.pieces:
            kind = {"content-type": "application/json"} | answer.headers
            return web.Response(status=answer.status, body=answer.body, headers=kind)
        return await self._stream(request, answer)

    async def _stream(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse(
            status=answer.status, headers={"content-type": "text/event-stream"} | answer.headers
        )
        await response.prepare(request)
        try:
            for piece in answer.pieces:
                while piece.wait and not self.go.acquire(blocking=False):
                    await asyncio.sleep(0.005)
                await response.write(piece.text)
                await asyncio.sleep(0)
            while answer.hold and request.transport and not request.transport.is_closing():
                await asyncio.sleep(0.01)
        finally:
            if request.transport is None or request.transport.is_closing():
                self.left.set()
        if answer.cut and request.transport:
            request.transport.abort()
        return response


def streamed(*pieces: bytes | Piece, **about: Any) -> Answer:
    return Answer(pieces=[piece if isinstance(piece, Piece) else Piece(piece) for piece in pieces], **about)


@contextmanager
def running() -> Iterator[Upstream]:
    upstream = Upstream()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(_start(upstream), loop).result(10)
    try:
        yield upstream
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


async def _start(upstream: Upstream) -> web.AppRunner:
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_route("*", "/{tail:.*}", upstream.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return runner
