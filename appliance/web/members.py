"""The people of a tenant and their roles; the API is in members_api.py."""

from typing import Any

from litestar import Controller, get, post
from litestar.params import FromPath

from appliance import clock
from appliance.db.database import Database
from appliance.domain import invitations, members, password_links, totp
from appliance.domain.actor import Actor
from appliance.domain.members import MemberChange, NewMember
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import forgot, respond
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.members_api import ADMIN, MembersApi
from appliance.web.respond import Reply
from appliance.web.services import Services
from appliance.web.settings import room

# As many invitations as the page shows; the API has all.
SHOWN = 30


class MembersPages(Controller):
    path = "/settings/members"
    opt = ADMIN

    @get("/", opt={"role": "viewer"}, sync_to_thread=True)
    def index(self, frame: Frame, control: Database) -> Reply:
        return page(frame, control)

    @post("/", sync_to_thread=True)
    def add(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, data: Fields) -> Reply:
        try:
            added = members.add(control, actor, tenant.id, respond.form(NewMember, data))
        except Problem as problem:
            return page(frame, control, problem, data)
        return _back(frame, f"{added.name} was added.")

    @post("/{user_id:str}", sync_to_thread=True)
    def change(
        self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, user_id: FromPath[str], data: Fields
    ) -> Reply:
        try:
            changed = members.change(control, actor, tenant.id, user_id, respond.form(MemberChange, data))
        except Problem as problem:
            return page(frame, control, problem)
        return _back(frame, f"{changed.name} was changed.")

    @post("/{user_id:str}/remove", sync_to_thread=True)
    def remove(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, user_id: FromPath[str]) -> Reply:
        try:
            members.remove(control, actor, tenant.id, user_id)
        except Problem as problem:
            return page(frame, control, problem)
        return _back(frame, "The member was removed.")

    @post("/{user_id:str}/reset-link", sync_to_thread=True)
    def reset_link(
        self,
        frame: Frame,
        control: Database,
        actor: Actor,
        tenant: Tenant,
        services: Services,
        user_id: FromPath[str],
    ) -> Reply:
        try:
            token = password_links.for_member(control, actor, tenant.id, user_id)
        except Problem as problem:
            return page(frame, control, problem)
        name = members.get(control, tenant.id, user_id).name
        lead = f"Give this link to {name}. Whoever opens it sets their password; their sessions end then."
        ends = clock.ahead(password_links.MINUTES * 60)
        about: dict[str, Any] = {"title": "New password", "link": forgot.link(services, token), "why": "", "ends": ends}
        return respond.page(frame, "settings/link.html", lead=lead, **about)

    @post("/two-step", opt={"role": "owner"}, sync_to_thread=True)
    def two_step(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, data: Fields) -> Reply:
        on = data.get("require") == "true"
        totp.require(control, actor, tenant.id, on)
        return _back(frame, "Admins and owners sign in with two steps." if on else "Two steps are up to each person.")


def page(frame: Frame, control: Database, problem: Problem | None = None, typed: dict[str, str] | None = None) -> Reply:
    invited = invitations.every(control, frame.tenant.id, SHOWN) if frame.person.may("admin") else []
    shown = {"members": members.every(control, frame.tenant.id), "invitations": invited}
    return room(frame, "members", problem, typed, **shown)


def _back(frame: Frame, said: str) -> Reply:
    return respond.redirect(f"{frame.base}/settings/members", said)


PAGES = [MembersPages]
API = [MembersApi]
