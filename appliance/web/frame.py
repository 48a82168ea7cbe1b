"""What surrounds every page of a tenant: built in one place, so that no handler repeats it."""

import base64
import binascii
import zlib
from typing import Any

import msgspec

from appliance import __version__
from appliance.db.database import Database
from appliance.domain import box_owners, events, inbox, tenants
from appliance.domain.actor import ROLES, Role
from appliance.domain.tenants import Tenant
from appliance.web.access import Ask, Asker, asker_of, services_of

ROOMS = (
    "home",
    "board",
    "agents",
    "workflows",
    "schedules",
    "inbox",
    "costs",
    "activity",
    "providers",
    "connect",
    "settings",
)
FLASH = "ahq_flash"
THEME = "agenthq_theme"
LAST_TENANT = "ahq_tenant"


class Note(msgspec.Struct, frozen=True):
    text: str
    tone: str = "good"


class Banner(msgspec.Struct, frozen=True):
    text: str
    tone: str = "accent"
    href: str = ""
    link: str = ""


class Person(msgspec.Struct, frozen=True):
    id: str
    name: str
    email: str
    role: Role
    hue: int

    def may(self, role: Role) -> bool:
        """Whether the person's role reaches `role`: templates hide what would be refused."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Frame(msgspec.Struct, frozen=True):
    """The names are those that `layouts/app.html` reads; `request` is for the reply."""

    request: Any
    tenant: Tenant
    tenants: list[Tenant]
    person: Person
    theme: str
    live_url: str
    flashes: list[Note]
    banners: list[Banner]
    rooms: tuple[str, ...] = ROOMS
    inbox_count: int = 0
    version: str = __version__
    live_kinds: tuple[str, ...] = ()
    box_owner: bool = False

    @property
    def base(self) -> str:
        return f"/t/{self.tenant.slug}"


def hue(text: str) -> int:
    """A stable colour number for a name or an id."""
    return zlib.crc32(text.encode()) % 12


def provide_frame(request: Ask, db: Database) -> Frame:
    asker = asker_of(request)
    assert asker.member is not None  # pages take sessions only
    with services_of(request).catalogue.control() as control:
        mine = tenants.of_user(control, asker.member.id)
        box_owner = box_owners.is_one(control, asker.member.id)
    member = asker.member
    return Frame(
        request=request,
        tenant=asker.tenant,
        tenants=mine,
        person=Person(member.id, member.name, member.email, member.role, hue(member.id)),
        theme=request.cookies.get(THEME, member.theme),
        live_url=f"/api/v1/t/{asker.tenant.slug}/events/stream?after={events.last(db)}",
        flashes=read_flash(request.cookies.get(FLASH, "")),
        banners=_banners(request, asker),
        inbox_count=inbox.total(db, inbox.Filter(member.actor.label)),
        box_owner=box_owner,
    )


def _banners(request: Ask, asker: Asker) -> list[Banner]:
    found = []
    if asker.tenant.simulated:
        found.append(Banner("Sample data: the models here are simulated and no money is spent."))
    if asker.tenant.state == "grace":
        day = (asker.tenant.state_until or "")[:10]
        found.append(Banner(f"This tenant is being deleted. Until {day} its owners can read and export.", "bad"))
    settings = services_of(request).settings
    if settings.insecure_http and request.url.scheme == "http":
        found.append(Banner("Plain HTTP beyond this machine: passwords and keys cross the network in clear.", "warn"))
    return found


def write_flash(note: Note) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(note)).decode()


def read_flash(text: str) -> list[Note]:
    try:
        return [msgspec.json.decode(base64.urlsafe_b64decode(text), type=Note)] if text else []
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return []
