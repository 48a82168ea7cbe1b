"""What the work cost: pages over the ledger; the API is in costs_api.py."""

from typing import Any

from litestar import Controller, get

from appliance.db.database import Database
from appliance.domain import adjustments, ledger, members
from appliance.web import call_filter, cost_figures, doers, respond
from appliance.web.costs_api import AnalyticsApi, CallsApi, State
from appliance.web.frame import Frame
from appliance.web.respond import Reply

LAST = 10


class CostsPages(Controller):
    path = "/costs"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database, days: int = 30) -> Reply:
        shown = cost_figures.page(db, frame.tenant.slug, days)
        return respond.page(frame, "costs/index.html", calls=ledger.calls(db, LAST).items, **shown)

    @get("/calls", sync_to_thread=True)
    def calls(
        self,
        frame: Frame,
        db: Database,
        cursor: str = "",
        agent: str = "",
        model: str = "",
        key: str = "",
        session: str = "",
        surface: str = "",
        provider: str = "",
        state_is: State = "",
    ) -> Reply:
        chosen = {"agent": agent, "model": model, "key": key, "session": session}
        chosen |= {"surface": surface, "provider": provider, "state": state_is}
        page = ledger.calls(db, cursor=cursor, only=call_filter.meant(chosen))
        return respond.page(frame, "costs/calls.html", page=page, **call_filter.context(db, chosen))

    @get("/calls/{call_id:str}", sync_to_thread=True)
    def call(self, frame: Frame, db: Database, control: Database, call_id: str) -> Reply:
        attempts = [(attempt, ledger.parts(attempt)) for attempt in ledger.attempts(db, call_id)]
        people = doers.known(members.every(control, frame.tenant.id), [])
        changes = [(one, people.get(one.actor) or doers.stranger(one.actor)) for one in adjustments.of(db, call_id)]
        shown: dict[str, Any] = {"attempts": attempts, "adjustments": changes}
        return respond.page(frame, "costs/call.html", call=ledger.call(db, call_id), **shown)


PAGES = [CostsPages]
API = [CallsApi, AnalyticsApi]
