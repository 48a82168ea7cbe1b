"""Tools that ask as fast as they are answered, in a process of their own: `python -m tests.bench.gateway_load JSON`.

Prints JSON: requests a second, and the times of each request in milliseconds (for streams to the first event).
"""

import asyncio
import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit

PROMPT = "Say whether all is well. " * 20


class Tool:
    def __init__(self, given: dict[str, Any]) -> None:
        self._place = urlsplit(given["url"])
        asked = {"model": given["model"], "messages": [{"role": "user", "content": PROMPT}], "max_tokens": 500}
        if given["stream"]:
            asked["stream"] = True
        body = json.dumps(asked, separators=(",", ":")).encode()
        head = f"POST {self._place.path}/chat/completions HTTP/1.1\r\nhost: {self._place.netloc}\r\n"
        head += f"authorization: Bearer {given['key']}\r\ncontent-type: application/json\r\n"
        self._request = head.encode() + f"content-length: {len(body)}\r\n\r\n".encode() + body
        self._stream = given["stream"]
        self.times: list[float] = []

    async def run(self, requests: int) -> None:
        reader, writer = await asyncio.open_connection(self._place.hostname, self._place.port)
        for _ in range(requests):
            began = time.perf_counter()
            writer.write(self._request)
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head[:16]:
                raise SystemExit(f"{head!r} {await reader.read(1000)!r}")
            if self._stream:
                await reader.readuntil(b"data: ")
                self.times.append((time.perf_counter() - began) * 1000)
                await reader.readuntil(b"\r\n0\r\n\r\n")
            else:
                size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                await reader.readexactly(size)
                self.times.append((time.perf_counter() - began) * 1000)
        writer.close()


async def main(given: dict[str, Any]) -> None:
    tool = Tool(given)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(given["connections"]):
            group.create_task(tool.run(given["requests"] // given["connections"]))
    taken = time.perf_counter() - began
    print(json.dumps({"rate": len(tool.times) / taken, "times": tool.times}))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
