"""An answer on its way to a tool: raw ASGI, because a framework around it takes as long as the rest of the box."""

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from appliance import ids
from appliance.gateway.surfaces.faults import Fault
from appliance.gateway.surfaces.told import Told

Send = Callable[[Any], Awaitable[None]]
Pairs = list[tuple[bytes, bytes]]
JSON = b"application/json"


class Reply:
    """`request_id` is the call's id as soon as there is a call."""

    def __init__(self, send: Send, surface: ModuleType) -> None:
        self._send = send
        self._surface = surface
        self._request_id = ""
        self.begun = False
        # What is left of the limits on requests, for the head of the answer.
        self.limits: Pairs = []

    @property
    def request_id(self) -> str:
        self._request_id = self._request_id or ids.new()
        return self._request_id

    def belongs_to(self, call_id: str) -> None:
        self._request_id = call_id

    async def whole(self, status: int, kind: bytes, body: bytes, more: Pairs | None = None) -> None:
        size = [(b"content-length", str(len(body)).encode())]
        await self._start(status, kind, size + (more or []))
        await self._send({"type": "http.response.body", "body": body})

    async def fault(self, fault: Fault, more: Pairs | None = None) -> None:
        body = self._surface.error(fault, self.request_id)
        await self.whole(self._surface.status(fault), JSON, body, fault.headers() + (more or []))

    async def begin(self, kind: bytes, more: Pairs) -> None:
        """Start a stream."""
        await self._start(200, kind, [*more, (b"x-accel-buffering", b"no")])

    async def piece(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def ping(self) -> None:
        await self.piece(self._surface.PING)

    async def break_off(self, fault: Fault, told: Told) -> None:
        """Say in the stream why it ends here."""
        await self.piece(self._surface.stream_error(fault, told))

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})

    async def _start(self, status: int, kind: bytes, more: Pairs) -> None:
        self.begun = True
        ours = self.request_id.encode()
        headers = [(b"content-type", kind), (b"x-request-id", ours), (b"request-id", ours)]
        headers += [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"), *self.limits, *more]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
