"""Who asks: a session cookie or an API key, found before any handler runs; and what a handler may open."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler

from appliance.db.database import Database
from appliance.domain import keys, members, sessions, tenant_gate, tenants
from appliance.domain.actor import Actor, Role
from appliance.domain.key_forms import ApiKey
from appliance.domain.members import Member
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web.services import Services

COOKIE = "ahq_session"
# Where the API answers a session: the same routes with the tenant in front.
TENANT_API = "/api/v1/t/"
SLUG = "agenthq.slug"
ONLY_A_PERSON = "Only a signed-in person can do this."
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
Connection = ASGIConnection[Any, Any, Any, Any]
Ask = Request[Any, Any, Any]


class Asker(NamedTuple):
    """Exactly one of `member` and `key` is there."""

    tenant: Tenant
    actor: Actor
    member: Member | None = None
    key: ApiKey | None = None


def services_of(connection: Connection) -> Services:
    return cast(Services, connection.app.state.services)


def asker_of(connection: Connection) -> Asker:
    return cast(Asker, connection.scope["state"]["asker"])


def routed(scope: Any) -> Any:
    """The scope of a request as the router sees it: `/api/v1/t/<slug>/tasks` is `/api/v1/tasks` of that tenant."""
    if not scope.get("path", "").startswith(TENANT_API):
        return scope
    slug, _, rest = scope["path"].removeprefix(TENANT_API).partition("/")
    raw = scope.get("raw_path", b"").removeprefix(TENANT_API.encode()).partition(b"/")[2]
    return {**scope, "path": f"/api/v1/{rest}", "raw_path": b"/api/v1/" + raw, SLUG: slug}


def slug_of(connection: Connection) -> str | None:
    """The tenant that the address names."""
    return cast(str | None, connection.scope.get(SLUG) or connection.path_params.get("slug"))


async def same_site(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse what another site makes a browser send. A program sends neither header and is let through."""
    if cast(str, connection.scope.get("method")) in SAFE or handler.opt.get("cross_site"):
        return
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if site in ("same-origin", "none") or (site is None and origin is None):
        return
    if site is None and urlsplit(str(origin)).netloc == connection.headers.get("host"):
        return
    raise Problem("cross_site", "The request came from another site, so it was not carried out.")


async def page_guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Pages take the session cookie only."""
    await _admit(connection, handler, bearer="")


async def api_guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """The API takes a key (any route) or the session cookie (routes under `/t/<slug>`)."""
    await _admit(connection, handler, bearer=connection.headers.get("authorization", ""))


async def _admit(connection: Connection, handler: BaseRouteHandler, bearer: str) -> None:
    asker = await sync_to_thread(
        identify,
        services_of(connection),
        slug_of(connection),
        connection.cookies.get(COOKIE, ""),
        bearer,
        connection.scope.get("method") in SAFE or bool(handler.opt.get("while_leaving")),
    )
    asker.actor.need(_role(connection, handler))
    # Before anything is opened: what a handler's other needs have opened stays open when one of them fails.
    if asker.member is None and handler.opt.get("person"):
        raise Problem("forbidden", ONLY_A_PERSON)
    connection.scope["state"]["asker"] = asker


def _role(connection: Connection, handler: BaseRouteHandler) -> Role:
    default = "viewer" if connection.scope.get("method") in SAFE else "operator"
    return cast(Role, handler.opt.get("role", default))


def identify(services: Services, slug: str | None, token: str, bearer: str, reads: bool = True) -> Asker:
    """Raises Problem(unauthenticated), Problem(session_expired), Problem(not_found) for a stranger to the tenant, and
    those of `tenant_gate.check` for one that does not work now."""
    with services.catalogue.control() as control:
        asker = _by_key(control, slug, bearer) if bearer else _by_session(control, services, slug, token)
    tenant_gate.check(asker.tenant, asker.actor, reads)
    return asker


def recheck(request: Ask) -> bool:
    """Whether the asker of a long reply may still ask: sessions and keys end while streams are open."""
    slug = asker_of(request).tenant.slug
    try:
        identify(services_of(request), slug, request.cookies.get(COOKIE, ""), request.headers.get("authorization", ""))
    except Problem:
        return False
    return True


def _by_key(control: Database, slug: str | None, bearer: str) -> Asker:
    scheme, _, secret = bearer.partition(" ")
    if scheme.lower() != "bearer":
        raise Problem("unauthenticated", "Send the key as 'Authorization: Bearer ahq_…'.")
    key = keys.authenticate(control, secret.strip())
    if key.gateway_only:
        raise Problem("forbidden", "This key is for the gateway only.")
    tenant = tenants.by_id(control, key.tenant_id)
    if slug not in (None, tenant.slug):
        raise Problem("not_found")
    return Asker(tenant, key.actor, key=key)


def _by_session(control: Database, services: Services, slug: str | None, token: str) -> Asker:
    if not token:
        raise Problem("unauthenticated", "Sign in, or send 'Authorization: Bearer ahq_…'.")
    session = sessions.find(control, token, services.settings.session_hours)
    if slug is None:
        raise Problem("unauthenticated", "With a session, use /api/v1/t/<slug>/…; this address takes an API key.")
    tenant = tenants.of_member(control, slug, session.user_id)
    member = members.get(control, tenant.id, session.user_id)
    return Asker(tenant, member.actor, member=member)


async def open_tenant(request: Ask) -> AsyncIterator[Database]:
    """The asker's tenant database, open while the handler runs."""
    opened = services_of(request).catalogue.open(asker_of(request).tenant.id)
    db = await sync_to_thread(opened.__enter__)
    try:
        yield db
    finally:
        await sync_to_thread(opened.__exit__, None, None, None)


async def open_control(request: Ask) -> AsyncIterator[Database]:
    opened = services_of(request).catalogue.control()
    control = await sync_to_thread(opened.__enter__)
    try:
        yield control
    finally:
        await sync_to_thread(opened.__exit__, None, None, None)


async def provide_services(request: Ask) -> Services:
    return services_of(request)


async def provide_asker(request: Ask) -> Asker:
    return asker_of(request)


async def provide_actor(request: Ask) -> Actor:
    return asker_of(request).actor


async def provide_tenant(request: Ask) -> Tenant:
    return asker_of(request).tenant


async def provide_member(request: Ask) -> Member:
    """The signed-in person. Raises Problem(forbidden) when a key asks for what only a person has."""
    member = asker_of(request).member
    if member is None:
        raise Problem("forbidden", ONLY_A_PERSON)
    return member


BOX = {"services": Provide(provide_services), "control": Provide(open_control)}
INSIDE = {
    "db": Provide(open_tenant),
    "asker": Provide(provide_asker),
    "actor": Provide(provide_actor),
    "tenant": Provide(provide_tenant),
    "member": Provide(provide_member),
}
