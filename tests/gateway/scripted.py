"""A provider that answers exactly the bytes a test gives it, over a real socket."""

import socketserver
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec


@dataclass(frozen=True)
class Answer:
    """`hang` holds the connection after the bytes until the client leaves, `keep` serves the next request on it."""

    raw: bytes
    hang: bool = False
    keep: bool = False


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    port: int


@dataclass
class ScriptedServer:
    answers: deque[Answer] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def will(self, *answers: Answer) -> None:
        self.answers.extend(answers)


def http(status: int, body: bytes | str | object, *, length: int | None = None, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else msgspec.json.encode(body)
    fields = {"Content-Type": "application/json", "Content-Length": str(len(content) if length is None else length)}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return Answer(f"HTTP/1.1 {status} X\r\n{head}Connection: close\r\n\r\n".encode() + content)


def sse(
    *events: str | object, names: bool = False, whole: bool = True, hang: bool = False, keep: bool = False
) -> Answer:
    """A chunked stream; without `whole` the connection drops in the middle of a chunk."""
    raw = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
    raw += b"\r\n" if keep else b"Connection: close\r\n\r\n"
    for event in events:
        data = event if isinstance(event, str) else msgspec.json.encode(event).decode()
        name = f"event: {event['type']}\n" if names and isinstance(event, dict) else ""
        piece = f"{name}data: {data}\n\n".encode()
        raw += f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    if hang:
        return Answer(raw, hang=True)
    return Answer(raw + (b"0\r\n\r\n" if whole else b"ff\r\ndata: {"), keep=keep)


def serve(script: ScriptedServer) -> socketserver.ThreadingTCPServer:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while received := _read(self):
                script.received.append(received)
                answer = script.answers.popleft()
                self.wfile.write(answer.raw)
                if answer.hang:
                    self.rfile.read(1)
                    script.hung_up.set()
                if not answer.keep:
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    server = Server(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


def _read(handler: socketserver.StreamRequestHandler) -> Received | None:
    start = handler.rfile.readline().decode().split()
    if not start:
        return None
    headers: dict[str, str] = {}
    while line := handler.rfile.readline().strip().decode():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = handler.rfile.read(int(headers.get("content-length", 0)))
    return Received(start[0], start[1], headers, msgspec.json.decode(body) if body else None, handler.client_address[1])
