"""The people of a tenant, over HTTP."""

from typing import Any

from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import members, password_links
from appliance.domain.actor import Actor
from appliance.domain.members import Member, MemberChange, NewMember
from appliance.domain.tenants import Tenant
from appliance.web import forgot
from appliance.web.idempotency import Once
from appliance.web.respond import Reply
from appliance.web.services import Services

ADMIN = {"role": "admin"}


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

    @post("/{user_id:str}/reset-link", sync_to_thread=True, summary="Make a link to a new password for a member")
    def reset_link(
        self, control: Database, actor: Actor, tenant: Tenant, services: Services, user_id: FromPath[str]
    ) -> dict[str, str]:
        """For a person who is in this tenant only. It works once, for half an hour."""
        return {"link": forgot.link(services, password_links.for_member(control, actor, tenant.id, user_id))}

    @delete("/{user_id:str}", sync_to_thread=True, summary="Remove a member from the tenant")
    def remove(self, control: Database, actor: Actor, tenant: Tenant, user_id: FromPath[str]) -> None:
        members.remove(control, actor, tenant.id, user_id)
