"""The people of a tenant and their roles."""

from typing import Any

from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import members
from appliance.domain.actor import Actor
from appliance.domain.members import Member, MemberChange, NewMember
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.frame import Frame
from appliance.web.idempotency import Once
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.settings import room

ADMIN = {"role": "admin"}


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


class MembersApi(Controller):
    path = "/members"
    tags = ["people"]
    opt = ADMIN

    @get("/", opt={"role": "viewer"}, sync_to_thread=True, summary="The members of the tenant")
    def listing(self, control: Database, tenant: Tenant) -> dict[str, Any]:
        return {"items": members.every(control, tenant.id), "next_cursor": None}

    @post("/", sync_to_thread=True, summary="Add a member")
    def add(self, control: Database, actor: Actor, tenant: Tenant, once: Once, data: NewMember) -> Reply:
        """`name` and `password` are needed for a person who is new to the box."""
        return once.created(lambda: members.add(control, actor, tenant.id, data))

    @patch("/{user_id:str}", sync_to_thread=True, summary="Change a member's role or password")
    def change(
        self, control: Database, actor: Actor, tenant: Tenant, user_id: FromPath[str], data: MemberChange
    ) -> Member:
        return members.change(control, actor, tenant.id, user_id, data)

    @delete("/{user_id:str}", sync_to_thread=True, summary="Remove a member from the tenant")
    def remove(self, control: Database, actor: Actor, tenant: Tenant, user_id: FromPath[str]) -> None:
        members.remove(control, actor, tenant.id, user_id)


def _page(
    frame: Frame, control: Database, problem: Problem | None = None, typed: dict[str, str] | None = None
) -> Reply:
    return room(frame, "members", problem, typed, members=members.every(control, frame.tenant.id))


def _back(frame: Frame, said: str) -> Reply:
    return respond.redirect(f"{frame.base}/settings/members", said)


PAGES = [MembersPages]
API = [MembersApi]
