"""The tenant's channels."""

from typing import Any

from litestar import Controller, get, post

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.notices import channels
from appliance.domain.notices.kinds import COMMON, KINDS
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.access import services_of
from appliance.web.deliveries import ADMIN, DeliveriesPages, Id
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.notifications import added, new_channel, tested
from appliance.web.respond import Reply
from appliance.web.services import Services
from appliance.web.settings import room

HERE = "settings/channels"


class ChannelsPages(Controller):
    path = "/settings/channels"
    opt = ADMIN

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database) -> Reply:
        return _page(frame, db)

    @post("/", sync_to_thread=True)
    def add(self, frame: Frame, db: Database, services: Services, actor: Actor, data: Fields) -> Reply:
        try:
            made = channels.add(db, actor, services.vault, channels.TENANT, new_channel(data))
        except Problem as problem:
            return _page(frame, db, problem, data)
        return added(frame, made, HERE)

    @post("/{channel_id:str}/remove", sync_to_thread=True)
    def remove(self, frame: Frame, db: Database, actor: Actor, channel_id: Id) -> Reply:
        channels.remove(db, actor, channel_id, channels.TENANT)
        return respond.redirect(f"{frame.base}/{HERE}", "The channel was removed.")

    @post("/{channel_id:str}/test", sync_to_thread=True)
    def test(
        self, frame: Frame, db: Database, services: Services, tenant: Tenant, actor: Actor, channel_id: Id
    ) -> Reply:
        found = channels.get(db, channel_id, channels.TENANT)
        return tested(frame, services.post.test(db, actor, tenant, channels.TENANT, found.id, found.name), HERE)


def _page(frame: Frame, db: Database, problem: Problem | None = None, typed: dict[str, str] | None = None) -> Reply:
    kinds = {kind: KINDS[kind] for kind in COMMON}
    shown: dict[str, Any] = {"found": channels.of(db, channels.TENANT), "kinds": kinds}
    settings = services_of(frame.request).settings
    shown |= {"smtp": settings.smtp_host, "sender": settings.smtp_from}
    return room(frame, "channels", problem, typed, **shown)


PAGES = [ChannelsPages, DeliveriesPages]
API: list[Any] = []
