"""The addresses below /gw, where tools outside make their calls. Raw ASGI: no session, no cookie, no page is near."""

import asyncio
from types import ModuleType
from typing import Any

from litestar import Litestar

from appliance.calls.asked import Refused
from appliance.calls.desk import Desk
from appliance.errors import Problem
from appliance.gateway.surfaces.bodies import Unreadable
from appliance.gateway.surfaces.faults import Fault
from appliance.gateway.surfaces.surface import SURFACES
from appliance.web import surfaces_lists, surfaces_paths, surfaces_words
from appliance.web.services import Services
from appliance.web.surfaces_keys import Keys
from appliance.web.surfaces_paths import Place
from appliance.web.surfaces_paths import covers as covers
from appliance.web.surfaces_reply import JSON, Reply, Send
from appliance.web.surfaces_watch import Watch
from appliance.web.surfaces_work import Receive, Request, Tools, Work

BODY_LIMIT = 32 * 1024 * 1024
DOOR = "surfaces"


class Gone(Exception):
    """The tool left before it had said what it wants."""


class Surfaces:
    """Everything of this process that calls from outside share; the HTTP library is loaded by the first."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._keys = Keys(services.catalogue)
        self._desk = Desk(services.catalogue, services.calls.accounts, services.calls.owner)
        self._watch = Watch(lambda live: asyncio.wrap_future(self._desk.halted(live)))
        self._tools: Tools | None = None

    async def serve(self, scope: Any, receive: Receive, send: Send) -> None:
        speaks_messages = any(name == b"anthropic-version" for name, _ in scope["headers"])
        place = surfaces_paths.find(scope["path"], speaks_messages)
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
        except Problem as problem:
            await reply.fault(surfaces_words.of_problem(problem))
        except BaseException:
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
        if place.action == "models":
            return await surfaces_lists.models(self._desk, holder, place.rest, reply)
        body = await _body(headers, receive)
        query = scope["query_string"].decode("latin-1")
        request = Request(surface, holder, headers, query, body, receive)
        if place.action == "count":
            return await surfaces_lists.count(self._ready(), request, reply)
        await Work(self._ready(), request, reply).run()

    def _ready(self) -> Tools:
        if self._tools is None:
            from appliance.gateway.relay import Relay  # noqa: PLC0415  aiohttp takes 0.3 s to import

            self._tools = Tools(self._desk, Relay(), self.services.calls.prices, self._watch, set())
        return self._tools

    def end(self) -> None:
        """The server stops: streams get a few seconds to end by themselves."""
        self._watch.end()

    async def close(self) -> None:
        """Everything that was admitted is booked when this is over."""
        if self._tools:
            await self._tools.relay.close()
        self._desk.close()


def of(app: Litestar) -> Surfaces:
    """The surfaces of the services that the application has now."""
    found: Surfaces | None = app.state.get(DOOR)
    if found is None or found.services is not app.state.services:
        found = app.state[DOOR] = Surfaces(app.state.services)
    return found


async def close(app: Litestar) -> None:
    if found := app.state.get(DOOR):
        await found.close()


async def _body(headers: list[tuple[bytes, bytes]], receive: Receive) -> bytes:
    """Raises Problem(too_large), and Gone."""
    told = next((value for name, value in headers if name == b"content-length"), b"0")
    if told.isdigit() and int(told) > BODY_LIMIT:
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
