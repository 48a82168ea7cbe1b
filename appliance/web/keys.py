"""API keys of a tenant."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import key_rotation, key_terms, keys
from appliance.domain.actor import Actor
from appliance.domain.key_forms import ApiKey, IssuedKey, KeyChange, NewKey
from appliance.domain.key_rotation import Rotation
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import key_fields, money, respond
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
    def index(self, frame: Frame, db: Database, control: Database) -> Reply:
        return _page(frame, db, control)

    @post("/", sync_to_thread=True)
    def create(
        self, frame: Frame, db: Database, control: Database, actor: Actor, tenant: Tenant, data: Fields
    ) -> Reply:
        try:
            issued = key_terms.issue(control, db, actor, tenant.id, respond.form(NewKey, key_fields.decoded(data)))
        except Problem as problem:
            return _page(frame, db, control, problem, data)
        return respond.page(frame, "settings/key.html", issued=issued)

    @get("/{key_id:str}", sync_to_thread=True)
    def show(self, frame: Frame, db: Database, control: Database, tenant: Tenant, key_id: FromPath[str]) -> Reply:
        return _one(frame, db, keys.get(control, tenant.id, key_id))

    @post("/{key_id:str}", sync_to_thread=True)
    def change(
        self,
        frame: Frame,
        db: Database,
        control: Database,
        actor: Actor,
        tenant: Tenant,
        key_id: FromPath[str],
        data: Fields,
    ) -> Reply:
        key = keys.get(control, tenant.id, key_id)
        try:
            change = respond.whole_form(KeyChange, key_fields.changed(data))
            key_terms.change(control, db, actor, tenant.id, key.id, change)
        except Problem as problem:
            return _one(frame, db, key, problem, data)
        return respond.redirect(f"{frame.base}/settings/keys", "The key is changed; it holds from its next call on.")

    @post("/{key_id:str}/revoke", sync_to_thread=True)
    def revoke(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, key_id: FromPath[str]) -> Reply:
        keys.revoke(control, actor, tenant.id, key_id)
        return respond.redirect(f"{frame.base}/settings/keys", "The key was revoked.")


class RotationPages(Controller):
    path = "/settings/keys/{key_id:str}"
    opt = ADMIN

    @post("/rotate", sync_to_thread=True)
    def rotate(
        self,
        frame: Frame,
        db: Database,
        control: Database,
        actor: Actor,
        tenant: Tenant,
        key_id: FromPath[str],
        data: Fields,
    ) -> Reply:
        key = keys.get(control, tenant.id, key_id)
        try:
            issued = key_rotation.rotate(control, actor, tenant.id, key.id, respond.whole_form(Rotation, data))
        except Problem as problem:
            return _one(frame, db, key, problem)
        return respond.page(frame, "settings/key.html", issued=issued)

    @post("/end-old", sync_to_thread=True)
    def end_old(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, key_id: FromPath[str]) -> Reply:
        key_rotation.end_old(control, actor, tenant.id, key_id)
        return respond.redirect(f"{frame.base}/settings/keys/{key_id}", "The old secret works no longer.")


class KeysApi(Controller):
    path = "/keys"
    tags = ["people"]
    opt = ADMIN

    @get("/", sync_to_thread=True, summary="The API keys of the tenant, newest first")
    def listing(self, db: Database, control: Database, tenant: Tenant) -> dict[str, Any]:
        return {"items": money.with_usd(key_terms.shown(db, keys.every(control, tenant.id))), "next_cursor": None}

    @post("/", sync_to_thread=True, summary="Make an API key")
    def create(self, db: Database, control: Database, actor: Actor, tenant: Tenant, once: Once, data: NewKey) -> Reply:
        """The secret is in this answer only; repeated with the same Idempotency-Key it is empty."""
        return once.created(lambda: key_terms.issue(control, db, actor, tenant.id, data), _without_secret)

    @patch("/{key_id:str}", sync_to_thread=True, summary="Change what a key covers; null takes a limit away")
    def change(
        self, db: Database, control: Database, actor: Actor, tenant: Tenant, key_id: FromPath[str], data: KeyChange
    ) -> Any:
        return money.with_usd(key_terms.change(control, db, actor, tenant.id, key_id, data))

    @post("/{key_id:str}/rotate", status_code=200, sync_to_thread=True, summary="Give a key another secret")
    def rotate(
        self, control: Database, actor: Actor, tenant: Tenant, key_id: FromPath[str], data: Rotation
    ) -> IssuedKey:
        """Both secrets work until `old_until`, or until the old one is ended."""
        return key_rotation.rotate(control, actor, tenant.id, key_id, data)

    @post("/{key_id:str}/end-old", status_code=200, sync_to_thread=True, summary="End the old secret of a key now")
    def end_old(self, control: Database, actor: Actor, tenant: Tenant, key_id: FromPath[str]) -> ApiKey:
        return key_rotation.end_old(control, actor, tenant.id, key_id)

    @delete("/{key_id:str}", sync_to_thread=True, summary="Revoke an API key")
    def revoke(self, control: Database, actor: Actor, tenant: Tenant, key_id: FromPath[str]) -> None:
        keys.revoke(control, actor, tenant.id, key_id)


def _without_secret(issued: IssuedKey) -> IssuedKey:
    return msgspec.structs.replace(issued, secret="")


def _page(
    frame: Frame,
    db: Database,
    control: Database,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Reply:
    found = key_terms.shown(db, keys.every(control, frame.tenant.id))
    choices = key_fields.choices(db)
    return room(frame, "keys", problem, typed, keys=found, choices=choices, agents=dict(choices["agents"]))


def _one(
    frame: Frame, db: Database, key: ApiKey, problem: Problem | None = None, typed: dict[str, str] | None = None
) -> Reply:
    [key] = key_terms.shown(db, [key])
    return room(frame, "key_edit", problem, typed or key_fields.of(key), key=key, choices=key_fields.choices(db))


PAGES = [KeysPages, RotationPages]
API = [KeysApi]
