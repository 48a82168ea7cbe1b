"""The addresses below /gw, where tools outside make their calls. Raw ASGI: no session, no cookie, no page is near."""

import logging
from types import ModuleType
from typing import TYPE_CHECKING, Any

from litestar import Litestar

from appliance import metering
from appliance.calls.asked import Refused
from appliance.calls.desk import Desk
from appliance.domain import buckets
from appliance.domain.buckets import Buckets, Drained
from appliance.errors import Problem
from appliance.gateway.surfaces.bodies import Unreadable
from appliance.gateway.surfaces.faults import Fault
from appliance.gateway.surfaces.surface import SURFACES
from appliance.web import request_limits, surfaces_words
from appliance.web.services import Services
from appliance.web.surfaces_keys import Keys
from appliance.web.surfaces_paths import Place
from appliance.web.surfaces_paths import covers as covers
from appliance.web.surfaces_reply import JSON, Reply, Send
from appliance.web.surfaces_request import Receive, Request

if TYPE_CHECKING:
    from appliance.web.surfaces_calls import Calls

log = logging.getLogger("agenthq.web")
BODY_LIMIT = 32 * 1024 * 1024
DOOR = "surfaces"


class Gone(Exception):
    """The tool left before it had said what it wants."""


class Surfaces:
    """Everything of this process that calls from outside share; the HTTP library is loaded by the first."""

    def __init__(self, services: Services, meter: Buckets) -> None:
        self.services = services
        self._meter = meter
        self._keys = Keys(services.catalogue)
        self._desk = Desk(services.catalogue, services.calls.accounts, services.calls.owner)
        self._calls: Calls | None = None

    async def serve(self, scope: Any, place: Place, receive: Receive, send: Send) -> None:
        surface = SURFACES[place.surface]
        reply = Reply(send, surface)
        try:
            await self._serve(scope, place, surface, receive, reply)
        except Gone:
            return
        except Unreadable as fault:
            await reply.fault(Fault("invalid", str(fault)))
        except Refused as refused:
            await reply.fault(surfaces_words.of_refusal(refused))
        except Drained as drained:
            reply.limits = buckets.headers(drained.standing)
            await reply.fault(surfaces_words.of_problem(drained))
        except Problem as problem:
            await reply.fault(surfaces_words.of_problem(problem))
        except BaseException:
            log.error("call %s of a tool failed", reply.request_id)
            if not reply.begun:
                await reply.fault(Fault("internal", f"Something broke on our side. The log knows {reply.request_id}."))
            raise

    async def _serve(self, scope: Any, place: Place, surface: ModuleType, receive: Receive, reply: Reply) -> None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if place.action == "nothing":
            return await reply.fault(Fault("not_found", f"There is nothing at {scope['path']}."))
        if scope["method"] not in place.methods:
            allowed = ", ".join(place.methods)
            return await reply.fault(Fault("method", f"Send {allowed}."), [(b"allow", allowed.encode())])
        if place.action == "hello":
            return await reply.whole(200, JSON, b"{}")
        holder = await self._keys.holder(headers)
        metering.of(holder.tenant_id)
        reply.limits = request_limits.call(self._meter, holder)
        body = b"" if place.action == "models" else await _body(headers, receive)
        query = scope["query_string"].decode("latin-1")
        return await self._ready().serve(place, Request(surface, holder, headers, query, body, receive), reply)

    def _ready(self) -> "Calls":
        if self._calls is None:
            from appliance.web.surfaces_calls import Calls  # noqa: PLC0415  aiohttp and all that knows protocols: 0.4 s

            self._calls = Calls(self._desk, self.services.calls.prices)
        return self._calls

    def end(self) -> None:
        """The server stops."""
        if self._calls:
            self._calls.end()

    async def close(self) -> None:
        """Everything that was admitted is booked when this is over."""
        if self._calls:
            await self._calls.close()
        self._desk.close()


def of(app: Litestar) -> Surfaces:
    """The surfaces of the services that the application has now."""
    found: Surfaces | None = app.state.get(DOOR)
    if found is None or found.services is not app.state.services:
        found = app.state[DOOR] = Surfaces(app.state.services, request_limits.of(app))
    return found


async def close(app: Litestar) -> None:
    if found := app.state.pop(DOOR, None):
        await found.close()


async def _body(headers: list[tuple[bytes, bytes]], receive: Receive) -> bytes:
    """Raises Problem(too_large), and Gone."""
    for name, told in headers:
        if name == b"content-length" and told.isdigit() and int(told) > BODY_LIMIT:
            raise _too_large()
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > BODY_LIMIT:
            raise _too_large()
        if not message.get("more_body"):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_large() -> Problem:
    return Problem("too_large", f"The body is larger than {BODY_LIMIT} bytes.")
