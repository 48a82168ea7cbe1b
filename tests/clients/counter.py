"""Stands between a client and the box and notes each post: its status, and whether a stream ended with our refusal."""

import contextlib
import http.client
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import SplitResult, urlsplit

from tests.clients.fake import Quiet

# A stream that is cut says so in its last event.
CUTS = (b"billing_error", b"insufficient_quota")
OWN = ("connection", "host", "transfer-encoding")
PIECE = 65_536
END = 1_000


class Counter:
    """`posts` of the surfaces, in the order of their ends; counting tokens is none of them."""

    def __init__(self, address: str) -> None:
        self._server = _Server(urlsplit(address))
        self.posts = self._server.posts
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{self._server.box.path}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(Quiet):
    def __init__(self, box: SplitResult) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.box = box
        self.posts: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._pass_on(b"")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        status, end = self._pass_on(self.rfile.read(int(self.headers.get("content-length") or 0)))
        if not self.path.partition("?")[0].endswith("/count_tokens"):
            cut = status == 200 and any(word in end for word in CUTS)
            self.server.posts.append(f"{status}{' cut' if cut else ''}")

    def _pass_on(self, body: bytes) -> tuple[int, bytes]:
        """The status, and how the answer ends."""
        there = http.client.HTTPConnection(self.server.box.hostname or "", self.server.box.port)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OWN}
        there.request(self.command, self.path, body, headers | {"accept-encoding": "identity"})
        answer = there.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in OWN:
                self.send_header(name, value)
        self.send_header("connection", "close")
        self.end_headers()
        end = b""
        with contextlib.suppress(OSError):
            while piece := answer.read1(PIECE):
                end = (end + piece)[-END:]
                self.wfile.write(piece)
        there.close()
        return answer.status, end

    def log_message(self, *_: Any) -> None:
        pass
