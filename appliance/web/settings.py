"""The settings room: organisation, people, keys, appearance, and what this box is."""

from typing import Any

from litestar import Controller, get, post
from litestar.params import FromQuery

from appliance import __version__
from appliance.db import library
from appliance.db.database import Database
from appliance.domain import audit, members, passwords, tenants, users
from appliance.domain.actor import ROLES, Actor
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.access import services_of
from appliance.web.frame import THEME, Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply


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


def _general(frame: Frame, problem: Problem | None = None, typed: dict[str, str] | None = None) -> Reply:
    services = services_of(frame.request)
    about = {
        "Version": __version__,
        "SQLite": library.version(),
        "Data": "PostgreSQL" if services.settings.database_url else "SQLite files",
        "Data folder": str(services.catalogue.folder) if frame.person.may("owner") else "known to the owner",
    }
    return room(frame, "general", problem, typed, about=about)


class SettingsPages(Controller):
    path = "/settings"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame) -> Reply:
        return _general(frame)

    @post("/organisation", opt={"role": "admin"}, sync_to_thread=True)
    def rename(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, data: Fields) -> Reply:
        try:
            renamed = tenants.rename(control, actor, tenant.id, data.get("organisation", ""))
        except Problem as problem:
            return _general(frame, problem, data)
        return respond.redirect(f"{frame.base}/settings", f"The organisation is called {renamed.name} now.")

    @post("/theme", opt={"role": "viewer"}, sync_to_thread=True)
    def theme(self, frame: Frame, control: Database, data: Fields) -> Reply:
        users.set_theme(control, frame.person.id, data.get("theme", ""))
        reply = respond.redirect(f"{frame.base}/settings", "The theme was saved.")
        reply.set_cookie(THEME, data["theme"], max_age=31_536_000, samesite="lax", path="/")
        return reply

    @post("/password", opt={"role": "viewer"}, sync_to_thread=True)
    def password(self, frame: Frame, control: Database, actor: Actor, data: Fields) -> Reply:
        try:
            passwords.change(control, actor, frame.person.id, data.get("current", ""), data.get("password", ""))
        except Problem as problem:
            return _general(frame, problem)
        return respond.redirect("/login")

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


PAGES = [SettingsPages]
API = [AuditApi]
