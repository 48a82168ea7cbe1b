"""What the work cost: pages over the ledger; the API is in costs_api.py."""

from typing import Annotated, Any

from litestar import Controller, get
from litestar.params import QueryParameter

from appliance.db.database import Database
from appliance.domain import adjustments, keys, ledger, members
from appliance.web import (
    call_filter,
    cost_compare,
    cost_exports,
    cost_figures,
    cost_return,
    cost_window,
    doers,
    respond,
)
from appliance.web.analytics_api import AnalyticsApi
from appliance.web.costs_api import CallsApi
from appliance.web.exports_api import ExportsApi
from appliance.web.frame import Frame
from appliance.web.insights_api import InsightsApi
from appliance.web.narrowing import NARROWED, State
from appliance.web.respond import Reply

From = Annotated[str, QueryParameter(name="from")]


class CostsPages(Controller):
    path = "/costs"

    @get("/", sync_to_thread=True, dependencies=NARROWED)
    def index(
        self,
        frame: Frame,
        db: Database,
        control: Database,
        only: dict[str, str],
        window: str = "30",
        by: str = "model",
        since: From = "",
        to: str = "",
    ) -> Reply:
        shown = cost_window.window(window, since, to)
        names = {key.id: key.name for key in keys.every(control, frame.tenant.id)}
        return respond.page(frame, "costs/index.html", **cost_figures.page(db, frame.base, shown, by, only, names))

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


PAGES = [CostsPages, *cost_compare.PAGES, *cost_return.PAGES, *cost_exports.PAGES]
API = [CallsApi, AnalyticsApi, InsightsApi, ExportsApi]
