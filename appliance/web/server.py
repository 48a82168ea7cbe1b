"""Uvicorn around the application, on a socket that is bound already."""

import socket
import ssl
from collections.abc import Callable

import uvicorn
from litestar import Litestar

from appliance.settings import Settings
from appliance.web import corking

GRACE_S = 5


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], closing: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._closing = closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def run(
    app: Litestar,
    listener: socket.socket,
    settings: Settings,
    ready: Callable[[], None],
    stopping: Callable[[], None],
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, which `stopping` hears of at once; requests under way get 5 s to end."""
    listener.listen(2048)
    config = uvicorn.Config(
        app,
        http=corking.Protocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        proxy_headers=bool(settings.behind_proxy),
        forwarded_allow_ips=settings.behind_proxy or None,
        ssl_context_factory=(lambda *_: tls) if tls else None,
    )

    def closing() -> None:
        stopping()
        if hub := app.state.get("live"):
            # Streams never end by themselves, and would use up the grace of everything else.
            hub.end()
        if door := app.state.get("surfaces"):
            door.end()

    _Server(config, ready, closing).run([listener])
