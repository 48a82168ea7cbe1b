"""The cast: tenant Acme with owner Alice, operator Otto and viewer Bob; tenant Globex with owner Charlie.

Alice is owner of the box too. The world is made once for each database and copied for each test, so that a test
costs milliseconds.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from litestar import Litestar

from appliance import settings
from appliance.calls import Calls
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import box_owners, members, sessions, tenants, users
from appliance.domain.actor import SYSTEM, Actor, Role
from appliance.domain.members import Member
from appliance.domain.tenants import Tenant
from appliance.gateway.client import Gateway
from appliance.web import live, metrics, surfaces
from appliance.web.services import Services

MASTER = bytes(range(32))
PASSWORD = "correct horse battery"
CAST: tuple[tuple[str, str, Role], ...] = (
    ("Alice", "acme", "owner"),
    ("Otto", "acme", "operator"),
    ("Bob", "acme", "viewer"),
    ("Charlie", "globex", "owner"),
)


class Part(NamedTuple):
    """One of the cast: who they are, and the session their browser holds."""

    member: Member
    tenant: Tenant
    token: str


class Play(NamedTuple):
    """What the template databases hold, by first name and by slug."""

    parts: dict[str, Part]
    tenants: dict[str, Tenant]


def write_play(catalogue: Catalogue) -> Play:
    """Fill an empty box with the cast."""
    vault = vault_of(catalogue)
    with catalogue.control() as control:
        made = {slug: tenants.create(catalogue, control, vault, slug, slug.title()) for slug in ("acme", "globex")}
        parts = {name: _cast(control, name, made[slug], role) for name, slug, role in CAST}
        box_owners.appoint(control, SYSTEM, parts["Alice"].member.id)
        return Play(parts, made)


def _cast(control: Database, name: str, tenant: Tenant, role: Role) -> Part:
    user = users.create(control, SYSTEM, f"{name.lower()}@{tenant.slug}.test", name, PASSWORD)
    member = members.join(control, SYSTEM, tenant.id, user.id, role)
    return Part(member, tenant, sessions.start(control, user.id, "test", 24))


def vault_of(catalogue: Catalogue) -> Vault:
    def find(tenant_id: str) -> str:
        with catalogue.control() as control:
            return tenants.wrapped_key(control, tenant_id)

    return Vault(MASTER, find)


class Theatre:
    """What all tests of a process share: one event loop, one gateway, one application."""

    def __init__(self, create: Callable[[Services], Litestar]) -> None:
        self._create = create
        self._app: Litestar | None = None
        self.loop = asyncio.new_event_loop()
        self.gateway = Gateway()
        self.gateway.start()
        threading.Thread(target=self.loop.run_forever, name="browsers", daemon=True).start()

    def app(self, services: Services) -> Litestar:
        """The one application, now serving `services`."""
        if self._app is None:
            self._app = self._create(services)
        self._app.state.services = services
        self._app.state.live = live.Hub(services.catalogue)
        self._app.state.watch = metrics.Watch(services)
        return self._app

    def rest(self) -> None:
        """What tools asked for is booked before the world ends."""
        if self._app:
            for close in (surfaces.close, metrics.close):
                asyncio.run_coroutine_threadsafe(close(self._app), self.loop).result(timeout=10)

    def close(self) -> None:
        self.gateway.close()
        self.loop.call_soon_threadsafe(self.loop.stop)


class Browser(httpx.Client):
    """A person at a browser: holds the session cookie, sends what a same-origin page would send."""

    def __init__(self, app: Litestar, loop: asyncio.AbstractEventLoop, part: Part | None = None) -> None:
        cookies = {"ahq_session": part.token} if part else {}
        super().__init__(
            transport=AppTransport(app, loop),
            base_url="http://box.test",
            cookies=cookies,
            headers={"sec-fetch-site": "same-origin"},
            timeout=20,
        )
        self.part = part

    @property
    def member(self) -> Member:
        assert self.part
        return self.part.member

    @property
    def actor(self) -> Actor:
        return self.member.actor

    @property
    def tenant(self) -> Tenant:
        assert self.part
        return self.part.tenant

    @property
    def api(self) -> str:
        return f"/api/v1/t/{self.tenant.slug}"

    @property
    def pages(self) -> str:
        return f"/t/{self.tenant.slug}"


class World:
    """A box with the cast on it."""

    def __init__(self, catalogue: Catalogue, play: Play, theatre: Theatre, folder: Path, **flags: Any) -> None:
        self.catalogue = catalogue
        self.play = play
        self.vault = vault_of(catalogue)
        self.settings = settings.load({"data": str(folder), **flags}, {})
        self.calls = Calls(self.vault, theatre.gateway, "test")
        self.services = Services(self.settings, catalogue, self.vault, self.calls)
        self.app = theatre.app(self.services)
        self._loop = theatre.loop
        self.acme, self.globex = play.tenants["acme"], play.tenants["globex"]
        self.alice, self.otto = self._browser("Alice"), self._browser("Otto")
        self.bob, self.charlie = self._browser("Bob"), self._browser("Charlie")
        self.stranger = Browser(self.app, self._loop)

    def _browser(self, name: str) -> Browser:
        return Browser(self.app, self._loop, self.play.parts[name])

    def program(self, secret: str) -> httpx.Client:
        """A program with an API key: no cookie, none of a browser's headers."""
        headers = {"authorization": f"Bearer {secret}"}
        return httpx.Client(
            transport=AppTransport(self.app, self._loop), base_url="http://box.test", headers=headers, timeout=20
        )

    @contextmanager
    def db(self, tenant: Tenant | None = None) -> Iterator[Database]:
        with self.catalogue.open((tenant or self.acme).id) as db:
            yield db

    @contextmanager
    def control(self) -> Iterator[Database]:
        with self.catalogue.control() as control:
            yield control


class AppTransport(httpx.BaseTransport):
    """Calls the application in this process; the body of an answer can be read while it is still being sent."""

    def __init__(self, app: Litestar, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        exchange = Exchange(request, self._loop)
        exchange.task = asyncio.run_coroutine_threadsafe(exchange.run(self._app), self._loop)
        status, headers = exchange.head()
        return httpx.Response(status, headers=headers, stream=exchange, request=request)


class Exchange(httpx.SyncByteStream):
    def __init__(self, request: httpx.Request, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._body = request.read()
        self._scope = _scope(request)
        self._sent: queue.Queue[Any] = queue.Queue()
        self._asked = False
        self._gone = asyncio.Event()
        self.task: Any = None

    async def run(self, app: Litestar) -> None:
        try:
            await app(self._scope, self._receive, self._send)  # type: ignore[arg-type]
        finally:
            self._sent.put(None)

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self._sent.put(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            # As servers do: whoever waits for the client to leave is told once the answer is whole.
            self._gone.set()

    def head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        start = self._sent.get(timeout=30)
        if start is None:
            self.task.result(timeout=1)
            raise AssertionError("the application ended without an answer")
        return start["status"], list(start["headers"])

    def __iter__(self) -> Iterator[bytes]:
        while (message := self._sent.get(timeout=30)) is not None:
            yield message.get("body", b"")

    def close(self) -> None:
        """The browser goes away: the application hears of it."""
        if not self.task.done():
            self._loop.call_soon_threadsafe(self._gone.set)


def _scope(request: httpx.Request) -> dict[str, Any]:
    headers = [(name.lower(), value) for name, value in request.headers.raw]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": (request.url.host, request.url.port or 80),
        "extensions": {},
    }
