"""A provider that answers at once, in a process of its own: little more than a socket, so that it is never what is
measured. `python -m tests.bench.gateway_fake` prints its port.

A request with `"stream":true` gets PIECES events, PAUSE_S apart; of a model that begins with `long`, LONG_S events
a second apart.
"""

import asyncio

PIECES, PAUSE_S, LONG_S = 20, 0.005, 12
USAGE = b'"usage":{"prompt_tokens":40,"completion_tokens":20,"total_tokens":60}'
WHOLE = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-5","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"' + b"All is well. " * 30 + b'"},"finish_reason":"stop"}],' + USAGE + b"}"
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_1\r\ncontent-length: %d\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
START = b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-5","choices":'
DELTA = START + b'[{"index":0,"delta":{"content":"All is well. "},"finish_reason":null}]}\n\n'
STOP = START + b'[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
LAST = START + b"[]," + USAGE + b"}\n\ndata: [DONE]\n\n"
ANSWER = HEAD % len(WHOLE) + WHOLE


class Provider(asyncio.Protocol):
    def __init__(self) -> None:
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end].lower()
            size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self._read) < end + 4 + size:
                return
            body, self._read = self._read[end + 4 : end + 4 + size], self._read[end + 4 + size :]
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        if b'"stream":true' not in body:
            self._transport.write(ANSWER)
        elif b'"model":"long' in body:
            self._task = asyncio.ensure_future(self._stream(LONG_S, 1.0))
        else:
            self._task = asyncio.ensure_future(self._stream(PIECES, PAUSE_S))

    async def _stream(self, pieces: int, pause_s: float) -> None:
        self._transport.write(STREAM + _chunk(DELTA))
        for _ in range(pieces):
            await asyncio.sleep(pause_s)
            self._transport.write(_chunk(DELTA))
        self._transport.write(_chunk(STOP) + _chunk(LAST) + b"0\r\n\r\n")


def _chunk(text: bytes) -> bytes:
    return f"{len(text):x}\r\n".encode() + text + b"\r\n"


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
