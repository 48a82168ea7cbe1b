"""The hosts whose pages agents and checks may read: a tab of the settings, and the API."""

from typing import Any

from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain import hosts
from appliance.domain.actor import Actor
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.settings import room

ADMIN = {"role": "admin"}


class HostsPages(Controller):
    path = "/settings/hosts"
    opt = ADMIN

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database) -> Reply:
        return room(frame, "hosts", hosts=hosts.allowed(db))

    @post("/", sync_to_thread=True)
    def allow(self, frame: Frame, db: Database, actor: Actor, data: Fields) -> Reply:
        try:
            hosts.allow(db, actor, data.get("host", ""), bool(data.get("private")))
        except Problem as problem:
            return room(frame, "hosts", problem, data, hosts=hosts.allowed(db))
        return respond.redirect(f"{frame.base}/settings/hosts", "Agents may read it now.")

    @post("/refuse", sync_to_thread=True)
    def refuse(self, frame: Frame, db: Database, actor: Actor, data: Fields) -> Reply:
        hosts.refuse(db, actor, data.get("host", ""))
        return respond.redirect(f"{frame.base}/settings/hosts", "Agents may not read it any more.")


class HostsApi(Controller):
    path = "/hosts"
    tags = ["connect"]

    @get("/", sync_to_thread=True, summary="Hosts whose pages agents and checks may read")
    def listing(self, db: Database) -> dict[str, Any]:
        return _items(hosts.allowed(db))

    @put("/{host:str}", opt=ADMIN, sync_to_thread=True, summary="Allow a host")
    def allow(
        self, db: Database, actor: Actor, host: FromPath[str], private: FromQuery[bool] = False
    ) -> dict[str, Any]:
        return _items(hosts.allow(db, actor, host, private))

    @delete("/{host:str}", opt=ADMIN, status_code=200, sync_to_thread=True, summary="Refuse a host again")
    def refuse(self, db: Database, actor: Actor, host: FromPath[str]) -> dict[str, Any]:
        return _items(hosts.refuse(db, actor, host))


def _items(found: list[str]) -> dict[str, Any]:
    return {"items": [{"host": host} for host in found], "next_cursor": None}


PAGES = [HostsPages]
API = [HostsApi]
