"""Real receivers of notices for tests: a mail server and a web server that keep what they get, and may refuse it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Posted(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class MailSink:
    """Speaks as much SMTP as a client needs. `answers` are given to RCPT and DATA in turn, then everything is taken."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.logins: list[str] = []
        self.answers: list[str] = []
        self.port = 0

    def answer(self, usual: str) -> str:
        return self.answers.pop(0) if self.answers else usual


class _Smtp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        sink: MailSink = self.server.sink  # type: ignore[attr-defined]
        self._say("220 sink ready")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                self._say("250-sink\r\n250 AUTH PLAIN")
            elif verb == "AUTH":
                sink.logins.append(line)
                self._say("235 welcome")
            elif verb == "RCPT":
                self._say(sink.answer("250 ok"))
            elif verb == "DATA":
                self._say("354 go on")
                self._take(sink)
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self, sink: MailSink) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        said = sink.answer("250 taken")
        if said.startswith("2"):
            found = message_from_bytes(b"".join(lines), policy=policy.default)
            assert isinstance(found, EmailMessage)
            sink.got.append(found)
        self._say(said)

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class WebSink:
    """Keeps every POST; `statuses` are answered in turn, then 200. `entered` is called before each answer."""

    def __init__(self) -> None:
        self.got: list[Posted] = []
        self.statuses: list[int] = []
        self.url = ""


class _Http(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        sink: WebSink = self.server.sink  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["content-length"]))
        sink.got.append(Posted(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        status = sink.statuses.pop(0) if sink.statuses else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://169.254.169.254/")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read what was got."""


@contextmanager
def mail_sink() -> Iterator[MailSink]:
    sink = MailSink()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp) as server:
        sink.port = server.server_address[1]
        with _serving(server, sink):
            yield sink


@contextmanager
def web_sink() -> Iterator[WebSink]:
    sink = WebSink()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Http) as server:
        sink.url = f"http://127.0.0.1:{server.server_address[1]}"
        with _serving(server, sink):
            yield sink


@contextmanager
def _serving(server: Any, sink: Any) -> Iterator[None]:
    server.sink, server.daemon_threads = sink, True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield
    server.shutdown()
    thread.join()
