"""Stands between a client and the box and notes each post: its path, the status, and what a stream ended with."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

# A stream that is cut says so in its last event.
CUTS = (b"billing_error", b"insufficient_quota")
PIECE = 65_536


class Post(NamedTuple):
    path: str
    status: int
    cut: bool

    def __str__(self) -> str:
        return f"{self.status}{' cut' if self.cut else ''}"


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Clients leave as they like."""


class Counter:
    """`posts` of the surfaces, in the order of their ends; counting tokens is none of them."""

    def __init__(self, address: str) -> None:
        self.posts: list[Post] = []
        box, posts = urlsplit(address), self.posts

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.pass_on(b"")

            do_HEAD = do_GET

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, last = self.pass_on(body)
                path = self.path.partition("?")[0]
                if not path.endswith("/count_tokens"):
                    posts.append(Post(path, status, status == 200 and any(cut in last for cut in CUTS)))

            def pass_on(self, body: bytes) -> tuple[int, bytes]:
                """The status, and how the answer ends."""
                there = http.client.HTTPConnection(box.hostname or "", box.port)
                kept = ("connection", "host", "transfer-encoding")
                headers = {name: value for name, value in self.headers.items() if name.lower() not in kept}
                there.request(self.command, self.path, body, headers | {"accept-encoding": "identity"})
                answer = there.getresponse()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in kept:
                        self.send_header(name, value)
                self.send_header("connection", "close")
                self.end_headers()
                last = b""
                try:
                    while piece := answer.read1(PIECE):
                        last = (last + piece)[-1000:]
                        self.wfile.write(piece)
                        self.wfile.flush()
                except OSError:
                    """The client had enough."""
                there.close()
                return answer.status, last

            def log_message(self, *_: Any) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{box.path}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
