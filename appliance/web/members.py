"""The people of a tenant and their roles; the API is in members_api.py."""

from litestar import Controller, get, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import members
from appliance.domain.actor import Actor
from appliance.domain.members import MemberChange, NewMember
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.members_api import ADMIN, MembersApi
from appliance.web.respond import Reply
from appliance.web.settings import room


class MembersPages(Controller):
    path = "/settings/members"
    opt = ADMIN

    @get("/", opt={"role": "viewer"}, sync_to_thread=True)
    def index(self, frame: Frame, control: Database) -> Reply:
        return _page(frame, control)

    @post("/", sync_to_thread=True)
    def add(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, data: Fields) -> Reply:
        try:
            added = members.add(control, actor, tenant.id, respond.form(NewMember, data))
        except Problem as problem:
            return _page(frame, control, problem, data)
        return _back(frame, f"{added.name} was added.")

    @post("/{user_id:str}", sync_to_thread=True)
    def change(
        self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, user_id: FromPath[str], data: Fields
    ) -> Reply:
        try:
            changed = members.change(control, actor, tenant.id, user_id, respond.form(MemberChange, data))
        except Problem as problem:
            return _page(frame, control, problem)
        return _back(frame, f"{changed.name} was changed.")

    @post("/{user_id:str}/remove", sync_to_thread=True)
    def remove(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, user_id: FromPath[str]) -> Reply:
        try:
            members.remove(control, actor, tenant.id, user_id)
        except Problem as problem:
            return _page(frame, control, problem)
        return _back(frame, "The member was removed.")


def _page(
    frame: Frame, control: Database, problem: Problem | None = None, typed: dict[str, str] | None = None
) -> Reply:
    return room(frame, "members", problem, typed, members=members.every(control, frame.tenant.id))


def _back(frame: Frame, said: str) -> Reply:
    return respond.redirect(f"{frame.base}/settings/members", said)


PAGES = [MembersPages]
API = [MembersApi]
