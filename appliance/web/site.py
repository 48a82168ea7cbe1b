"""The whole web surface on one screen: which noun is where, and what stands around every request."""

import warnings
from typing import Any

from litestar import Litestar, get, route
from litestar.concurrency import set_asyncio_executor
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import Message, Method, Scope

from appliance import metering
from appliance.db.tenants import Catalogue
from appliance.errors import Problem
from appliance.settings import Settings
from appliance.web import (
    access,
    account,
    activity,
    agents,
    approvals,
    assets,
    board,
    box,
    box_backups,
    box_bundle_pages,
    box_bundles,
    box_economics,
    box_health,
    box_keys,
    box_people,
    box_plans,
    box_service,
    box_tenants,
    budgets,
    channels,
    connect,
    costs,
    enter,
    forgot,
    guards,
    health,
    home,
    hooks,
    hosts,
    idempotency,
    inbox,
    instances,
    invitations,
    join,
    keys,
    live,
    login,
    members,
    metrics,
    notices,
    notifications,
    openapi,
    plan,
    policies,
    prices,
    problems,
    providers,
    request_ids,
    request_limits,
    routes,
    runs,
    schedules,
    settings,
    setup,
    surfaces,
    surfaces_seen,
    tasks,
    templates,
    wakes,
    workflow_templates,
    workflows,
)
from appliance.web.frame import provide_frame
from appliance.web.respond import Reply
from appliance.web.services import Services
from appliance.web.wings import Wing

# A page of a noun: PAGES (under /t/<slug>) and API (under /api/v1, and /api/v1/t/<slug> for a signed-in person).
# For the owners of the box: BOX_PAGES (under /box) and BOX_API (under /api/v1/box).
NOUNS: tuple[Any, ...] = (
    home,
    board,
    tasks,
    hooks,
    runs,
    agents,
    workflow_templates,
    workflows,
    instances,
    schedules,
    policies,
    approvals,
    inbox,
    providers,
    routes,
    connect,
    costs,
    budgets,
    prices,
    activity,
    wakes,
    members,
    invitations,
    account,
    keys,
    hosts,
    settings,
    plan,
    guards,
    notifications,
    channels,
    notices,
    live,
    box,
    box_bundle_pages,
    box_bundles,
    box_people,
    box_backups,
    box_economics,
    box_health,
    box_service,
    box_tenants,
    box_plans,
    box_keys,
)

# What is at addresses of its own (HANDLERS).
PARTS: tuple[Any, ...] = (health, setup, login, enter, forgot, join, hooks, openapi, metrics)
THREADS = 64
METHODS: tuple[Method, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_ENCODED = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
ERRORS: Any = {Problem: problems.on_problem, HTTPException: problems.on_http, Exception: problems.on_crash}


class Site(Litestar):
    """Litestar without the support for pydantic models that it adds when it finds pydantic: 0.15 s and 10 MB.

    The API's addresses for a signed-in person are those for keys with the tenant's part taken out before routing:
    registering every handler twice takes a tenth of a second. Calls of tools below /gw are not its business at all.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await request_ids.answered(scope, receive, send, self._serve)
        else:
            await super().__call__(scope, receive, send)

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        if surfaces.covers(scope["path"]) and "services" in self.state:
            with metering.request("gateway") as use:
                heard = metering.passing(use, receive, send)
                await metering.asgi(surfaces_seen.serve(self, scope, *heard), use)
        else:
            with metering.request("api" if scope["path"].startswith("/api/") else "pages") as use:
                heard = metering.passing(use, receive, send)
                await metering.asgi(super().__call__(access.routed(scope), *heard), use)

    def register(self, value: Any) -> None:  # type: ignore[override]
        if not isinstance(value, Wing):
            super().register(value)
            return
        for opened in value.open(self):
            self.routes.append(opened)
            for plugin in self.plugins.receive_route:
                plugin.receive_route(opened)
        self.asgi_router.construct_routing_trie()

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create(services: Services) -> Litestar:
    # A long poll (`?wait=`) holds a thread, so the default of a few per core is too small.
    set_asyncio_executor(metering.Threads(THREADS, "web"))
    return _app(
        services.settings,
        [Wing("/", [handler for part in PARTS for handler in part.HANDLERS]), assets.static, *_nouns()],
        State(
            {
                "services": services,
                "live": live.Hub(services.catalogue),
                "watch": metrics.Watch(services),
                "templates": templates.environment(),
            }
        ),
        access.BOX,
        openapi.config(),
    )


def locked(chosen: Settings, catalogue: Catalogue, problem: Problem) -> Litestar:
    """A box whose master key is missing or wrong: it is alive, not ready, and every page says the fix."""

    @route(["/", "/{rest:path}"], http_method=METHODS, opt={"cross_site": True}, sync_to_thread=False)
    def refuse() -> None:
        raise problem

    @get("/readyz", sync_to_thread=False)
    def readyz() -> Reply:
        return problems.as_json(problem)

    handlers = [health.livez, readyz, assets.static, refuse]
    return _app(chosen, handlers, State({"templates": templates.environment()}), {}, None)


def _nouns() -> list[Wing]:
    pages, api, box_pages, box_api = (
        [handler for noun in NOUNS for handler in getattr(noun, part, ())]
        for part in ("PAGES", "API", "BOX_PAGES", "BOX_API")
    )
    inside = access.INSIDE | {"once": Provide(idempotency.provide_once)}
    return [
        Wing(
            "/t/{slug:str}",
            pages,
            guards=[access.page_guard],
            dependencies=inside | {"frame": Provide(provide_frame, sync_to_thread=True)},
            include_in_schema=False,
        ),
        Wing("/api/v1", api, guards=[access.api_guard], dependencies=inside),
        Wing(
            "/box",
            box_pages,
            guards=[box.guard],
            dependencies=box.INSIDE | box.FRAME,
            include_in_schema=False,
        ),
        Wing("/api/v1/box", box_api, guards=[box.api_guard], dependencies=box.INSIDE, tags=["box"]),
    ]


def _app(
    chosen: Settings,
    handlers: list[Any],
    state: State,
    dependencies: dict[str, Provide],
    described: OpenAPIConfig | None,
) -> Litestar:
    with warnings.catch_warnings():
        # Litestar 3 will want markers on parameters and dependencies; this code is for 2, where the names are enough.
        warnings.simplefilter("ignore", DeprecationWarning)
        return Site(
            handlers,
            state=state,
            guards=[access.same_site],
            dependencies=dependencies,
            exception_handlers=ERRORS,
            before_send=[_protect],
            compression_config=CompressionConfig("gzip", gzip_compress_level=5, exclude_opt_key="packed"),
            request_max_body_size=chosen.max_body_mb * 2**20,
            logging_config=None,
            openapi_config=described,
            on_shutdown=[surfaces.close, metrics.close],
        )


async def _protect(message: Message, scope: Scope) -> None:
    if message["type"] == "http.response.start":
        message["headers"] = [*message["headers"], *_ENCODED, *request_limits.told(scope)]
