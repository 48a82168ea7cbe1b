"""What became of every notice."""

from typing import Any

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain import members
from appliance.domain.actor import Actor
from appliance.domain.notices import lists, set_aside
from appliance.web import respond
from appliance.web.approvals_api import State
from appliance.web.frame import Frame
from appliance.web.respond import Reply
from appliance.web.settings import room

Id = FromPath[str]
ADMIN = {"role": "admin"}
STATES = {
    "queued": "Queued",
    "held": "Held",
    "sent": "Sent",
    "failed": "Failed",
    "in_doubt": "In doubt",
    "dropped": "Dropped",
}


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
