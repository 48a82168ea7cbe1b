"""Keys of the box: their page, and the same over HTTP."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import box_keys
from appliance.domain.actor import Actor
from appliance.domain.box_keys import NewBoxKey
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.box import BoxFrame
from appliance.web.login import Fields
from appliance.web.respond import Reply

HERE = "/box/keys"


class BoxKeysPages(Controller):
    path = "/keys"

    @get("/", sync_to_thread=True)
    def index(self, frame: BoxFrame, control: Database) -> Reply:
        return _page(frame, control)

    @post("/", sync_to_thread=True)
    def create(self, frame: BoxFrame, control: Database, actor: Actor, data: Fields) -> Reply:
        try:
            issued = box_keys.create(control, actor, respond.form(NewBoxKey, data))
        except Problem as problem:
            return _page(frame, control, problem, data)
        return respond.page(frame, "box/key.html", issued=issued)

    @post("/{key_id:str}/revoke", sync_to_thread=True)
    def revoke(self, control: Database, actor: Actor, key_id: FromPath[str]) -> Reply:
        box_keys.revoke(control, actor, key_id)
        return respond.redirect(HERE, "The key was revoked.")


class BoxKeysApi(Controller):
    path = "/keys"

    @get("/", sync_to_thread=True, summary="Keys of the box, newest first")
    def listing(self, control: Database) -> dict[str, Any]:
        found = [msgspec.to_builtins(key) | {"state": key.state} for key in box_keys.every(control)]
        return {"items": found, "next_cursor": None}

    @post("/", sync_to_thread=True, summary="Make a key of the box; its secret is in this answer only")
    def create(self, control: Database, actor: Actor, data: NewBoxKey) -> Reply:
        return respond.created(box_keys.create(control, actor, data))

    @delete("/{key_id:str}", sync_to_thread=True, summary="Revoke a key of the box")
    def revoke(self, control: Database, actor: Actor, key_id: FromPath[str]) -> None:
        box_keys.revoke(control, actor, key_id)


def _page(
    frame: BoxFrame, control: Database, problem: Problem | None = None, typed: dict[str, str] | None = None
) -> Reply:
    errors = respond.faults(problem) if problem else {}
    status = respond.form_status(problem) if problem else 200
    return respond.page(frame, "box/keys.html", status, keys=box_keys.every(control), form=typed or {}, errors=errors)


BOX_PAGES = [BoxKeysPages]
BOX_API = [BoxKeysApi]
