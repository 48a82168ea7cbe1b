"""API keys of a tenant."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import keys
from appliance.domain.actor import Actor
from appliance.domain.key_forms import IssuedKey, NewKey
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import money, respond
from appliance.web.frame import Frame
from appliance.web.idempotency import Once
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.settings import room

ADMIN = {"role": "admin"}


class KeysPages(Controller):
    path = "/settings/keys"
    opt = ADMIN

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, control: Database) -> Reply:
        return _page(frame, control)

    @post("/", sync_to_thread=True)
    def create(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, data: Fields) -> Reply:
        try:
            issued = keys.create(control, actor, tenant.id, respond.form(NewKey, data))
        except Problem as problem:
            return _page(frame, control, problem, data)
        return respond.page(frame, "settings/key.html", issued=issued)

    @post("/{key_id:str}/revoke", sync_to_thread=True)
    def revoke(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, key_id: FromPath[str]) -> Reply:
        keys.revoke(control, actor, tenant.id, key_id)
        return respond.redirect(f"{frame.base}/settings/keys", "The key was revoked.")


class KeysApi(Controller):
    path = "/keys"
    tags = ["people"]
    opt = ADMIN

    @get("/", sync_to_thread=True, summary="The API keys of the tenant, newest first")
    def listing(self, control: Database, tenant: Tenant) -> dict[str, Any]:
        return {"items": money.with_usd(keys.every(control, tenant.id)), "next_cursor": None}

    @post("/", sync_to_thread=True, summary="Make an API key")
    def create(self, control: Database, actor: Actor, tenant: Tenant, once: Once, data: NewKey) -> Reply:
        """The secret is in this answer only; repeated with the same Idempotency-Key it is empty."""
        return once.created(lambda: keys.create(control, actor, tenant.id, data), _without_secret)

    @delete("/{key_id:str}", sync_to_thread=True, summary="Revoke an API key")
    def revoke(self, control: Database, actor: Actor, tenant: Tenant, key_id: FromPath[str]) -> None:
        keys.revoke(control, actor, tenant.id, key_id)


def _without_secret(issued: IssuedKey) -> IssuedKey:
    return msgspec.structs.replace(issued, secret="")


def _page(
    frame: Frame, control: Database, problem: Problem | None = None, typed: dict[str, str] | None = None
) -> Reply:
    return room(frame, "keys", problem, typed, keys=keys.every(control, frame.tenant.id))


PAGES = [KeysPages]
API = [KeysApi]
