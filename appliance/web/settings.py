"""The settings room: organisation, people, keys, appearance, and what this box is."""

from typing import Any

import msgspec
from litestar import Controller, get, patch, post
from litestar.params import FromQuery

from appliance import __version__
from appliance.db import library
from appliance.db.database import Database
from appliance.domain import audit, guards, limits, members, preferences, tenants, users, zones
from appliance.domain.actor import ROLES, Actor
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.access import services_of
from appliance.web.frame import THEME, Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply


class Preferences(msgspec.Struct, frozen=True):
    """`zone` is where hours, days and months begin; `uncapped` allows work that no budget covers."""

    zone: str
    uncapped: bool


class PreferencesChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    zone: str | None = None
    uncapped: bool | None = None


def room(
    frame: Frame, tab: str, problem: Problem | None = None, typed: dict[str, str] | None = None, **shown: Any
) -> Reply:
    """One tab of the room; after a refused form what was typed stays and the fault stands beside its field."""
    status = respond.form_status(problem) if problem else 200
    errors = respond.faults(problem) if problem else {}
    roles = [(role, role) for role in ROLES if frame.person.may(role)]
    return respond.page(
        frame, f"settings/{tab}.html", status, tab=tab, errors=errors, form=typed or {}, roles=roles, **shown
    )


def general(frame: Frame, db: Database, problem: Problem | None = None, typed: dict[str, str] | None = None) -> Reply:
    services = services_of(frame.request)
    about = {
        "Version": __version__,
        "SQLite": library.version(),
        "Data": "PostgreSQL" if services.settings.database_url else "SQLite files",
        "Data folder": str(services.catalogue.folder) if frame.person.may("owner") else "known to the owner",
    }
    return room(frame, "general", problem, typed, about=about, zone=preferences.zone(db).key, guards=guards.of(db))


class SettingsPages(Controller):
    path = "/settings"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database) -> Reply:
        return general(frame, db)

    @post("/organisation", opt={"role": "admin"}, sync_to_thread=True)
    def rename(
        self, frame: Frame, control: Database, db: Database, actor: Actor, tenant: Tenant, data: Fields
    ) -> Reply:
        try:
            renamed = tenants.rename(control, actor, tenant.id, data.get("organisation", ""))
        except Problem as problem:
            return general(frame, db, problem, data)
        return respond.redirect(f"{frame.base}/settings", f"The organisation is called {renamed.name} now.")

    @post("/zone", opt={"role": "admin"}, sync_to_thread=True)
    def zone(self, frame: Frame, db: Database, actor: Actor, data: Fields) -> Reply:
        try:
            name = zones.change(db, actor, data.get("zone", ""))
        except Problem as problem:
            return general(frame, db, problem, data)
        return respond.redirect(f"{frame.base}/settings", f"Days and months begin by the clock of {name} now.")

    @post("/theme", opt={"role": "viewer"}, sync_to_thread=True)
    def theme(self, frame: Frame, control: Database, data: Fields) -> Reply:
        users.set_theme(control, frame.person.id, data.get("theme", ""))
        reply = respond.redirect(f"{frame.base}/settings", "The theme was saved.")
        reply.set_cookie(THEME, data["theme"], max_age=31_536_000, samesite="lax", path="/")
        return reply

    @get("/audit", opt={"role": "admin"}, sync_to_thread=True)
    def trail(self, frame: Frame, control: Database, tenant: Tenant, cursor: FromQuery[str] = "") -> Reply:
        names = {member.actor.label: member.name for member in members.every(control, tenant.id)}
        return room(frame, "audit", page=audit.entries(control, tenant.id, cursor=cursor), names=names)


class AuditApi(Controller):
    path = "/audit"
    tags = ["people"]

    @get("/", opt={"role": "admin"}, sync_to_thread=True, summary="What people did, newest first")
    def listing(
        self, control: Database, tenant: Tenant, limit: FromQuery[int] = 50, cursor: FromQuery[str] = ""
    ) -> dict[str, Any]:
        found = audit.entries(control, tenant.id, respond.limit(limit), cursor)
        return {"items": found.items, "next_cursor": found.next_cursor}


class PreferencesApi(Controller):
    path = "/preferences"
    tags = ["people"]

    @get("/", sync_to_thread=True, summary="What the tenant has set for itself")
    def show(self, db: Database) -> Preferences:
        return _preferences(db)

    @patch("/", opt={"role": "admin"}, sync_to_thread=True, summary="Set the time zone; allow work without any budget")
    def change(self, db: Database, actor: Actor, data: PreferencesChange) -> Preferences:
        with db.transaction():
            if data.zone is not None:
                zones.change(db, actor, data.zone)
            if data.uncapped is not None:
                limits.uncap(db, actor, data.uncapped)
        return _preferences(db)


def _preferences(db: Database) -> Preferences:
    return Preferences(preferences.zone(db).key, preferences.get(db, "uncapped", False))


PAGES = [SettingsPages]
API = [AuditApi, PreferencesApi]
