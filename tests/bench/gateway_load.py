"""Tools that ask as fast as they are answered, in a process of its own: `python -m tests.bench.gateway_load JSON`.

Little more than a socket, so that it is never what is measured. Prints JSON: requests a second, the times of each
request in milliseconds (for streams to the first event), and the processor time it took itself.
"""

import asyncio
import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit

PROMPT = "Say whether all is well. " * 20


def request(given: dict[str, Any]) -> bytes:
    place = urlsplit(given["url"])
    asked = {"model": given["model"], "messages": [{"role": "user", "content": PROMPT}], "max_tokens": 500}
    if given["stream"]:
        asked["stream"] = True
    body = json.dumps(asked, separators=(",", ":")).encode()
    head = f"POST {place.path}/chat/completions HTTP/1.1\r\nhost: {place.netloc}\r\n"
    head += f"authorization: Bearer {given['key']}\r\ncontent-type: application/json\r\n"
    return head.encode() + f"content-length: {len(body)}\r\n\r\n".encode() + body


class Tool(asyncio.Protocol):
    def __init__(self, asked: bytes, requests: int, times: list[float]) -> None:
        self._asked = asked
        self._left = requests
        self._times = times
        self._read = b""
        self._first = 0.0
        self._began = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._read += data
        end = self._read.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._read[:end].lower()
        if b" 200 " not in head[:16]:
            self.done.set_exception(SystemExit(f"{self._read[:2000]!r}"))
        elif b"content-length:" in head:
            size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(self._read) >= end + 4 + size:
                self._answered(time.perf_counter())
        else:
            if not self._first and b"data: " in self._read:
                self._first = time.perf_counter()
            if self._read.endswith(b"\r\n0\r\n\r\n"):
                self._answered(self._first)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(SystemExit("The connection was closed."))

    def _ask(self) -> None:
        self._read, self._first = b"", 0.0
        self._began = time.perf_counter()
        self._transport.write(self._asked)

    def _answered(self, at: float) -> None:
        self._times.append((at - self._began) * 1000)
        self._left -= 1
        if self._left:
            self._ask()
        else:
            self.done.set_result(None)
            self._transport.close()


async def main(given: dict[str, Any]) -> None:
    asked, times, place = request(given), list[float](), urlsplit(given["url"])
    connections = given["connections"]
    began, cpu = time.perf_counter(), time.process_time()

    async def run() -> None:
        made = lambda: Tool(asked, given["requests"] // connections, times)  # noqa: E731
        _, tool = await asyncio.get_running_loop().create_connection(made, place.hostname, place.port)
        await tool.done

    await asyncio.gather(*(run() for _ in range(connections)))
    taken = time.perf_counter() - began
    used = (time.process_time() - cpu) * 1000 / len(times)
    print(json.dumps({"rate": len(times) / taken, "times": times, "cpu_ms": used}))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
