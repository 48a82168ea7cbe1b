"""The tenant's channels, and what became of every notice."""

from typing import Any

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain import members
from appliance.domain.actor import Actor
from appliance.domain.notices import channels, lists, set_aside
from appliance.domain.notices.kinds import COMMON, KINDS
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.access import services_of
from appliance.web.approvals_api import State
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.notifications import added, new_channel, tested
from appliance.web.respond import Reply
from appliance.web.services import Services
from appliance.web.settings import room

Id = FromPath[str]
HERE = "settings/channels"
ADMIN = {"role": "admin"}
STATES = {
    "queued": "Queued",
    "held": "Held",
    "sent": "Sent",
    "failed": "Failed",
    "in_doubt": "In doubt",
    "dropped": "Dropped",
}


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


class DeliveriesPages(Controller):
    path = "/settings/deliveries"
    opt = ADMIN

    @get("/", sync_to_thread=True)
    def index(
        self, frame: Frame, db: Database, control: Database, in_state: State = "", cursor: FromQuery[str] = ""
    ) -> Reply:
        found = lists.listing(db, None, in_state, cursor=cursor)
        counted = lists.counts(db)
        here = f"{frame.base}/settings/deliveries"
        states = [(state, f"{label} ({counted.get(state, 0)})") for state, label in STATES.items()]
        names = {one.id: one.name for one in members.every(control, frame.tenant.id)}
        at: dict[str, Any] = {"state": in_state, "counted": sum(counted.values())}
        more = f"{here}?state={in_state}&cursor={found.next_cursor}" if found.next_cursor else ""
        return room(frame, "deliveries", deliveries=found.items, states=states, names=names, next_href=more, **at)

    @post("/{notice_id:str}/retry", sync_to_thread=True)
    def retry(self, frame: Frame, db: Database, actor: Actor, notice_id: Id) -> Reply:
        set_aside.retry(db, actor, notice_id)
        return respond.redirect(f"{frame.base}/settings/deliveries", "It is sent again.")

    @post("/{notice_id:str}/drop", sync_to_thread=True)
    def drop(self, frame: Frame, db: Database, actor: Actor, notice_id: Id) -> Reply:
        set_aside.drop(db, actor, notice_id)
        return respond.redirect(f"{frame.base}/settings/deliveries", "It is not sent.")


def _page(frame: Frame, db: Database, problem: Problem | None = None, typed: dict[str, str] | None = None) -> Reply:
    kinds = {kind: KINDS[kind] for kind in COMMON}
    shown: dict[str, Any] = {"found": channels.of(db, channels.TENANT), "kinds": kinds}
    settings = services_of(frame.request).settings
    shown |= {"smtp": settings.smtp_host, "sender": settings.smtp_from}
    return room(frame, "channels", problem, typed, **shown)


PAGES = [ChannelsPages, DeliveriesPages]
API: list[Any] = []
