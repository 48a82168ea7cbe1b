"""Prices: what each model costs and why, own prices, calls without one, pricing anew; the API is in prices_api.py."""

from datetime import timedelta
from typing import Annotated, Any

from litestar import Controller, get, post
from litestar.params import QueryParameter

from appliance import clock
from appliance.calls import price_setting, repricing
from appliance.db.database import Database
from appliance.domain import ledger, price_imports, prices, unpriced
from appliance.domain.actor import Actor
from appliance.domain.analytics import spans
from appliance.domain.ledger import CallFilter
from appliance.errors import Problem
from appliance.web import price_fields, prices_api, respond
from appliance.web.budget_fields import Form
from appliance.web.frame import Frame
from appliance.web.prices_api import ADMIN, PricesApi
from appliance.web.respond import Reply
from appliance.web.services import Services

From = Annotated[str, QueryParameter(name="from")]
USUAL = timedelta(days=30)


class PricesPages(Controller):
    path = "/prices"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database, services: Services, model: str = "") -> Reply:
        return _page(frame, db, services, {"model": model})

    @post("/", sync_to_thread=True, opt=ADMIN)
    def put(self, frame: Frame, db: Database, actor: Actor, services: Services, data: Form) -> Reply:
        try:
            made = price_setting.put(services.calls.accounts, db, actor, price_fields.read(data))
        except Problem as problem:
            return _page(frame, db, services, data, problem)
        return respond.redirect(f"{frame.base}/prices", f"The price of {made.model} is set.")

    @post("/{price_id:str}/remove", sync_to_thread=True, opt=ADMIN)
    def remove(self, frame: Frame, db: Database, actor: Actor, price_id: str) -> Reply:
        gone = prices.remove(db, actor, price_id)
        said = f"The own price of {gone.model} is removed. Past calls keep what they cost."
        return respond.redirect(f"{frame.base}/prices", said)

    @get("/unpriced", sync_to_thread=True)
    def unpriced(self, frame: Frame, db: Database, cursor: str = "") -> Reply:
        page = ledger.calls(db, cursor=cursor, only=CallFilter(cost_source="unpriced"))
        return respond.page(frame, "prices/unpriced.html", groups=unpriced.every(db), page=page)

    @get("/reprice", sync_to_thread=True, opt=ADMIN)
    def look(
        self, frame: Frame, db: Database, actor: Actor, services: Services, since: From = "", to: str = ""
    ) -> Reply:
        """What pricing anew would change; nothing is written."""
        return _repriced(frame, db, actor, services, since, to)

    @post("/reprice", sync_to_thread=True, opt=ADMIN)
    def reprice(self, frame: Frame, db: Database, actor: Actor, services: Services, data: Form) -> Reply:
        first, last = spans.span(data.get("from", ""), data.get("to", ""))
        done = repricing.reprice(services.calls.accounts, db, actor, first, last, True, repricing.MOST)
        said = f"{done.changed + done.imputed} amounts are changed; each call says by how much."
        return respond.redirect(f"{frame.base}/prices", said)


def _page(
    frame: Frame, db: Database, services: Services, given: dict[str, str], problem: Problem | None = None
) -> Reply:
    context: dict[str, Any] = {
        "listed": prices_api.listed(services.calls.accounts, db),
        "own": prices.every(db),
        "imported": price_imports.last(db),
        "unpriced": unpriced.count(db),
        "now": clock.iso(),
        "since": clock.iso(clock.now() - USUAL)[:10],
        "given": price_fields.EMPTY | given,
        "errors": price_fields.faults(problem) if problem else {},
    }
    return respond.page(frame, "prices/index.html", respond.form_status(problem) if problem else 200, **context)


def _repriced(frame: Frame, db: Database, actor: Actor, services: Services, since: str, to: str) -> Reply:
    given, told, errors, status = {"from": since, "to": to}, None, {}, 200
    try:
        first, last = spans.span(since, to)
        given = {"from": first, "to": last}
        told = repricing.reprice(services.calls.accounts, db, actor, first, last, False, repricing.MOST)
    except Problem as problem:
        errors, status = respond.faults(problem), respond.form_status(problem)
    return respond.page(frame, "prices/reprice.html", status, told=told, given=given, errors=errors)


PAGES = [PricesPages]
API = [PricesApi]
