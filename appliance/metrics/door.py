"""A page of metrics for a process without pages: nothing else is answered."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from appliance.errors import Problem
from appliance.metrics.page import CONTENT_TYPE
from appliance.metrics.readers import has_token, is_local

PATH = "/metrics"


def open_door(host: str, port: int, token: str, text: Callable[[], bytes]) -> ThreadingHTTPServer:
    """Serves from now on; `shutdown` ends it. Raises Problem(unavailable) when the port is taken."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            authorization = headers.get("authorization", "")
            local = not token and not authorization and is_local(self.client_address[0], headers)
            if not (has_token(token, authorization) or local):
                self._answer(401, b"Send the token of AGENTHQ_METRICS_TOKEN.\n")
            elif self.path.partition("?")[0] == PATH:
                self._answer(200, text(), CONTENT_TYPE)
            else:
                self._answer(404, b"There is only /metrics here.\n")

        def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Being read every few seconds is no news."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise Problem("unavailable", f"Can't listen on {host}, port {port}: {error.strerror}.") from None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
