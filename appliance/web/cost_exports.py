"""Files of many calls: a page to ask for one, to watch it and to fetch it."""

from litestar import Controller, get, post
from litestar.response import Stream

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.analytics import exports, spans
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import exports_api, respond
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services


class ExportPages(Controller):
    path = "/costs/exports"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database) -> Reply:
        return _page(frame, db)

    @post("/", opt={"while_leaving": True}, sync_to_thread=True)
    def create(self, frame: Frame, db: Database, actor: Actor, data: Fields) -> Reply:
        try:
            exports.ask(db, actor, data.get("format", "csv"), data.get("from", ""), data.get("to", ""))
        except Problem as problem:
            return _page(frame, db, data, problem)
        return respond.redirect(f"{frame.base}/costs/exports", "The file is being made.")

    @post("/{export_id:str}/cancel", sync_to_thread=True)
    def cancel(self, frame: Frame, db: Database, actor: Actor, export_id: str) -> Reply:
        exports.cancel(db, actor, export_id)
        return respond.redirect(f"{frame.base}/costs/exports", "The export is stopped.")

    @get("/{export_id:str}/file", sync_to_thread=True)
    def file(self, services: Services, db: Database, tenant: Tenant, export_id: str) -> Stream:
        return exports_api.fetched(services, tenant, exports.get(db, export_id))


def _page(frame: Frame, db: Database, typed: dict[str, str] | None = None, problem: Problem | None = None) -> Reply:
    first, last = spans.span("", "")
    given = {"from": first, "to": last, "format": "csv"} | (typed or {})
    errors = respond.faults(problem) if problem else {}
    status = respond.form_status(problem) if problem else 200
    return respond.page(
        frame, "costs/exports.html", status, base=frame.base, exports=exports.every(db), given=given, errors=errors
    )


PAGES = [ExportPages]
