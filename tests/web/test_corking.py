"""A head and the first of its body are one write; nothing waits for what does not come."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn

from appliance.web.corking import MOST, Corked, Protocol

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Line:
    """Where a transport writes to."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.written.append(b"closed")

    def is_closing(self) -> bool:
        return False


def written(act: Callable[[Corked], object], rounds: int = 0) -> list[bytes]:
    line = Line()

    async def main() -> list[bytes]:
        act(Corked(line))
        for _ in range(rounds):
            await asyncio.sleep(0)
        return [*line.written]

    return asyncio.run(main())


def say(*pieces: bytes) -> Callable[[Corked], object]:
    return lambda corked: [corked.write(piece) for piece in pieces]


def test_a_head_goes_with_what_follows() -> None:
    assert written(say(HEAD, b"all", b"is well"), 2) == [HEAD + b"all", b"is well"]


def test_a_head_alone_leaves_when_the_loop_goes_round() -> None:
    assert written(say(HEAD)) == []
    assert written(say(HEAD), 1) == [HEAD]


def test_a_connection_that_is_closed_sends_its_head_first() -> None:
    assert written(lambda corked: (corked.write(HEAD), corked.close())) == [HEAD, b"closed"]


def test_a_body_that_looks_like_a_head_keeps_its_place() -> None:
    assert written(say(HEAD, b"1", b"HTTP/1.1 is a protocol", b"3"), 2) == [
        HEAD + b"1",
        b"HTTP/1.1 is a protocol3",
    ]


def test_a_long_body_is_not_copied_for_it() -> None:
    body = b"x" * (MOST + 1)
    assert written(say(HEAD, body)) == [HEAD, body]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_server_answers_whole_and_goes_on(method: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"well"})

    async def main() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=Protocol, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        for _ in range(2):
            writer.write(f"{method} / HTTP/1.1\r\nhost: x\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert method == "HEAD" or await reader.readexactly(4) == b"well"
        writer.close()
        server.should_exit = True
        await serving

    asyncio.run(main())
