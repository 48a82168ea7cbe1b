"""What is seen of a tool's request from outside: how soon it was answered, and whether it was refused and why."""

import time
from typing import Any

import msgspec
from litestar import Litestar

from appliance.web import metrics, surfaces, surfaces_paths
from appliance.web.metrics import Watch
from appliance.web.surfaces_keys import secret_of
from appliance.web.surfaces_paths import Place
from appliance.web.surfaces_reply import Send
from appliance.web.surfaces_request import Receive

REASON, CALL = b"x-agenthq-reason", b"x-request-id"


async def serve(app: Litestar, scope: Any, receive: Receive, send: Send) -> None:
    place = surfaces_paths.of(scope)
    await surfaces.of(app).serve(scope, place, receive, _Seen(metrics.of(app), scope, place, send).send)


class _Seen:
    def __init__(self, watch: Watch, scope: Any, place: Place, send: Send) -> None:
        self._watch = watch
        self._scope = scope
        self._place = place
        self._pass_on = send
        self._began = time.perf_counter()
        self._reason = ""

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._start(message)
        elif self._reason:
            self._refused(message.get("body", b""))
        await self._pass_on(message)

    def _start(self, message: Any) -> None:
        told = dict(message["headers"])
        if reason := told.get(REASON):
            self._reason = reason.decode()
            self._watch.monitoring.counts.refused(self._place.surface, self._reason)
        elif self._place.action == "call":
            ms = (time.perf_counter() - self._began) * 1000
            self._watch.monitoring.counts.answered(told.get(CALL, b"").decode(), self._place.surface, ms)

    def _refused(self, body: bytes) -> None:
        if secret := secret_of(self._scope["headers"]):
            self._watch.sightings.refused(secret.decode("latin-1"), self._reason, _said(body))
        self._reason = ""


def _said(body: bytes) -> str:
    """The sentence in a refusal of ours, whatever its shape."""
    found = msgspec.json.decode(body) if body else {}
    return str(found.get("error", {}).get("message", ""))
