"""The page that people see while their data is brought to a new version. The port is the box's, so links stay right."""

import base64
import hashlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from appliance import __version__
from appliance.release.upgrade import Progress

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;"
    "background:Canvas;color:CanvasText;color-scheme:light dark}main{max-width:28rem;padding:2rem}"
    "h1{font-size:1.3rem;margin:0 0 .5rem}progress{width:100%;height:.6rem;accent-color:#0f766e}p{margin:.5rem 0}"
)
_ALLOWED = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_ALLOWED}'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Retry-After": "2",
}
STAGES = {
    "control": "The box's own database comes first.",
    "canary": "One organisation goes first; the others follow once it is well.",
}


@contextmanager
def waiting_room(
    listener: socket.socket, progress: Callable[[], Progress], tls: ssl.SSLContext | None = None
) -> Iterator[None]:
    """Answers on the listener while the block runs; whoever connects at its very end is answered by the box."""
    listener.listen(2048)
    room = _Room(listener, progress, tls)
    thread = threading.Thread(target=room.serve_forever, args=(0.05,), name="waiting-room", daemon=True)
    thread.start()
    try:
        yield
    finally:
        room.shutdown()
        thread.join()
        room.server_close()


class _Visitor(BaseHTTPRequestHandler):
    timeout = 10
    server: "_Room"

    def setup(self) -> None:
        if self.server.tls:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_GET(self) -> None:
        path, now = self.path.partition("?")[0], self.server.progress()
        if path == "/livez":
            self._answer(200, json.dumps({"status": "ok", "version": __version__}), "application/json")
        elif path.startswith(("/readyz", "/healthz", "/api/", "/gw/")):
            self._answer(503, json.dumps(_told(now)), "application/json")
        else:
            self._answer(503, page(now), "text/html; charset=utf-8")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET

    def _answer(self, status: int, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(status)
        nonce = self.headers.get("X-AgentHQ-Nonce", "")[:100]
        echo = {"X-AgentHQ-Nonce": nonce} if nonce and nonce.isprintable() else {}
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **HEADERS, **echo}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """A page that reloads itself is no news."""


class _Room(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, listener: socket.socket, progress: Callable[[], Progress], tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(listener.getsockname()[:2], _Visitor, bind_and_activate=False)
        self.socket.close()
        self.socket = listener.dup()
        self.progress, self.tls = progress, tls

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away."""


def _told(now: Progress) -> dict[str, Any]:
    return {"status": "migrating", "code": "unavailable", "version": __version__, "progress": now._asdict()}


def page(now: Progress) -> str:
    """Reloads itself every two seconds, without a script."""
    many = f"<p>{now.done} of {now.total} organisations are done.</p>" if now.total else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>AgentHQ is being upgraded</title>'
        f"<style>{STYLE}</style></head><body><main><h1>AgentHQ is being upgraded to {__version__}</h1>"
        f"<p>{STAGES.get(now.stage, 'It is nearly done.')} A copy of everything is kept.</p>"
        f'<progress aria-label="Upgrade" max="{max(now.total, 1)}" value="{now.done}"></progress>{many}'
        "<p>This page opens the box by itself when it is ready.</p></main></body></html>"
    )
