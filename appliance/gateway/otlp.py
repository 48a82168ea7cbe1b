"""Batches to an OpenTelemetry collector over OTLP/HTTP (JSON), from a thread of their own.

https://opentelemetry.io/docs/specs/otlp/#otlphttp. A collector that is away or slow costs nobody a call: what it does
not take is dropped, and counted.
"""

import http.client
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from appliance import __version__, trust

PATH = "/v1/traces"
WAITING = 5000
BATCH = 500
EVERY_S = 2.0
TIMEOUT_S = 10.0
# Tried again, as the protocol says; anything else a collector refuses it will always refuse.
AGAIN = frozenset({429, 502, 503, 504})
PAUSE_S = (1.0, 2.0, 5.0, 15.0, 30.0)
log = logging.getLogger(__name__)


class Exporter(threading.Thread):
    """`encode` turns what was put in into a request's body, in this thread."""

    def __init__(self, url: str, headers: dict[str, str], encode: Callable[[list[Any]], bytes]) -> None:
        super().__init__(name="otlp", daemon=True)
        self._url = urlsplit(url if url.rstrip("/").endswith(PATH) else url.rstrip("/") + PATH)
        self._headers = {"content-type": "application/json", "user-agent": f"AgentHQ/{__version__}", **headers}
        self._encode = encode
        self._waiting: deque[Any] = deque()
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._refused = 0
        self.sent = 0
        self.dropped = 0

    def put(self, items: list[Any]) -> None:
        """Never waits."""
        room = max(0, WAITING - len(self._waiting))
        self._waiting.extend(items[:room])
        self.dropped += len(items[room:])
        if len(self._waiting) >= BATCH:
            self._wake.set()

    def close(self, wait_s: float = 3.0) -> None:
        """Send what waits, if that is quick."""
        self._ending.set()
        self._wake.set()
        self.join(wait_s)

    def run(self) -> None:
        while not self._ending.is_set():
            self._wake.wait(EVERY_S)
            self._wake.clear()
            while self._waiting and self._batch():
                """Go on while there is more and the collector takes it."""
        while self._waiting and self._refused == 0 and self._batch():
            """The last of them."""
        self.dropped += len(self._waiting)

    def _batch(self) -> bool:
        """Whether the collector took it, or refused it for good."""
        items = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        fault, again = self._post(self._encode(items))
        if not fault:
            self.sent += len(items)
            self._refused = 0
            return True
        if not self._refused:
            log.warning("the collector at %s did not take spans: %s", self._url.netloc, fault)
        if not again:
            self.dropped += len(items)
            return True
        self._waiting.extendleft(reversed(items))
        while len(self._waiting) > WAITING:
            self._waiting.pop()
            self.dropped += 1
        self._ending.wait(PAUSE_S[min(self._refused, len(PAUSE_S) - 1)])
        self._refused += 1
        return False

    def _post(self, body: bytes) -> tuple[str, bool]:
        """What went wrong, and whether the same may go right later."""
        connection = self._connection()
        try:
            connection.request("POST", self._url.path, body, self._headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}", True
        finally:
            connection.close()
        return ("", False) if 200 <= status < 300 else (f"it answered {status}", status in AGAIN)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=trust.trusting())
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
