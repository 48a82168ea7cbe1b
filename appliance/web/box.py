"""The rooms of the person who answers for the box, under `/box`. A nobody gets 404, as for a tenant of others."""

from typing import Any, cast

import msgspec
from litestar import Controller, get
from litestar.concurrency import sync_to_thread
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler

from appliance import __version__
from appliance.db.database import Database
from appliance.domain import box_keys, box_owners, sessions, tenants, users
from appliance.domain.actor import Actor
from appliance.domain.tenants import Tenant
from appliance.domain.users import User
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.access import COOKIE, Ask, Connection, services_of
from appliance.web.frame import FLASH, THEME, Banner, Note, Person, box_banners, hue, read_flash
from appliance.web.respond import Reply
from appliance.web.services import Services

# Key, label, icon and path of each room, in the order of the rail.
ROOMS = (
    ("tenants", "Tenants", "building-2", "tenants"),
    ("plans", "Plans", "list", "plans"),
    ("people", "People", "users", "people"),
    ("backups", "Backups", "shield-check", "backups"),
    ("health", "Health", "activity", "health"),
    ("economics", "Economics", "coins", "economics"),
    ("service", "Service", "server", "service"),
)


class BoxFrame(msgspec.Struct, frozen=True):
    """What surrounds every page of the box; the names are those that `layouts/box.html` reads."""

    request: Any
    tenants: list[Tenant]
    person: Person
    theme: str
    flashes: list[Note]
    rooms: tuple[tuple[str, str, str, str], ...] = ROOMS
    version: str = __version__
    tenant: None = None
    base: str = "/box"
    live_url: str = ""
    live_kinds: tuple[str, ...] = ()
    banners: list[Banner] = []
    box_owner: bool = True


class BoxPages(Controller):
    path = "/"

    @get("/", sync_to_thread=False)
    def front(self) -> Reply:
        return respond.redirect("/box/tenants")


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """A session of a box owner. Raises Problem(unauthenticated), Problem(session_expired), Problem(not_found)."""
    token = connection.cookies.get(COOKIE, "")
    owner = await sync_to_thread(identify, services_of(connection), token)
    connection.scope["state"] |= {"box_owner": owner, "box_actor": Actor("member", owner.id, owner.name, "owner")}


async def api_guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """The same, or a key of the box. Raises Problem(unauthenticated) for a key that does not count."""
    bearer = connection.headers.get("authorization", "")
    if not bearer:
        return await guard(connection, handler)
    connection.scope["state"]["box_actor"] = await sync_to_thread(_by_key, services_of(connection), bearer)
    return None


def _by_key(services: Services, bearer: str) -> Actor:
    scheme, _, secret = bearer.partition(" ")
    if scheme.lower() != "bearer":
        raise Problem("unauthenticated", "Send the key as 'Authorization: Bearer ahqb_…'.")
    with services.catalogue.control() as control:
        return box_keys.authenticate(control, secret.strip()).actor


def identify(services: Services, token: str) -> User:
    if not token:
        raise Problem("unauthenticated", "Sign in as an owner of the box.")
    with services.catalogue.control() as control:
        session = sessions.find(control, token, services.settings.session_hours)
        if not box_owners.is_one(control, session.user_id):
            raise Problem("not_found")
        return users.by_id(control, session.user_id)


def owner_of(connection: Connection) -> User:
    return cast(User, connection.scope["state"]["box_owner"])


async def provide_actor(request: Ask) -> Actor:
    return cast(Actor, request.scope["state"]["box_actor"])


def provide_frame(request: Ask, control: Database) -> BoxFrame:
    owner = owner_of(request)
    return BoxFrame(
        request=request,
        tenants=tenants.of_user(control, owner.id),
        person=Person(owner.id, owner.name, owner.email, "owner", hue(owner.id)),
        theme=request.cookies.get(THEME, owner.theme),
        flashes=read_flash(request.cookies.get(FLASH, "")),
        banners=box_banners(services_of(request)),
    )


INSIDE = {"actor": Provide(provide_actor)}
FRAME = {"frame": Provide(provide_frame, sync_to_thread=True)}
BOX_PAGES = [BoxPages]
