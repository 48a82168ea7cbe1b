"""What the work cost: pages over the ledger; the API is in costs_api.py."""

from typing import Annotated, Any

from litestar import Controller, get
from litestar.params import QueryParameter

from appliance.db.database import Database
from appliance.domain import keys, ledger
from appliance.web import cost_compare, cost_exports, cost_figures, cost_return, cost_window, respond
from appliance.web.analytics_api import AnalyticsApi
from appliance.web.costs_api import CallsApi
from appliance.web.exports_api import ExportsApi
from appliance.web.frame import Frame
from appliance.web.insights_api import InsightsApi
from appliance.web.narrowing import NARROWED
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
    def calls(self, frame: Frame, db: Database, cursor: str = "", agent: str = "", model: str = "") -> Reply:
        page = ledger.calls(db, cursor=cursor, agent_id=agent, model=model)
        shown: dict[str, Any] = {"page": page, "chosen": {"agent": agent, "model": model}} | cost_figures.choices(db)
        return respond.page(frame, "costs/calls.html", **shown)

    @get("/calls/{call_id:str}", sync_to_thread=True)
    def call(self, frame: Frame, db: Database, call_id: str) -> Reply:
        attempts = [(attempt, ledger.parts(attempt)) for attempt in ledger.attempts(db, call_id)]
        return respond.page(frame, "costs/call.html", call=ledger.call(db, call_id), attempts=attempts)


PAGES = [CostsPages, *cost_compare.PAGES, *cost_return.PAGES, *cost_exports.PAGES]
API = [CallsApi, AnalyticsApi, InsightsApi, ExportsApi]
