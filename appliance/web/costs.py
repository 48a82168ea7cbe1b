"""What the work cost: pages over the ledger; the API is in costs_api.py."""

from typing import Any

from litestar import Controller, get

from appliance.db.database import Database
from appliance.domain import ledger
from appliance.web import cost_figures, respond
from appliance.web.analytics_api import AnalyticsApi
from appliance.web.costs_api import CallsApi
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
    def calls(self, frame: Frame, db: Database, cursor: str = "", agent: str = "", model: str = "") -> Reply:
        page = ledger.calls(db, cursor=cursor, agent_id=agent, model=model)
        shown: dict[str, Any] = {"page": page, "chosen": {"agent": agent, "model": model}} | cost_figures.choices(db)
        return respond.page(frame, "costs/calls.html", **shown)

    @get("/calls/{call_id:str}", sync_to_thread=True)
    def call(self, frame: Frame, db: Database, call_id: str) -> Reply:
        attempts = [(attempt, ledger.parts(attempt)) for attempt in ledger.attempts(db, call_id)]
        return respond.page(frame, "costs/call.html", call=ledger.call(db, call_id), attempts=attempts)


PAGES = [CostsPages]
API = [CallsApi, AnalyticsApi]
