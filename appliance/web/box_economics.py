"""The room of economics: what tenants cost, what they pay, and how that goes on; the API is in economics_api.py."""

from typing import Any
from urllib.parse import urlencode

from litestar import Controller, Response, get, post

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.analytics import files
from appliance.domain.economics import assumptions, months, projection, readings, unit_prices, view
from appliance.domain.economics.projection import Projection
from appliance.domain.economics.unit_prices import UNITS, UnitPrices
from appliance.domain.economics.view import Outlook
from appliance.errors import Problem
from appliance.web import economics_words, money, respond
from appliance.web.access import Ask
from appliance.web.box import BoxFrame
from appliance.web.economics_api import EconomicsApi, change_of, csv_of
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services

HERE = "/box/economics"


class EconomicsPages(Controller):
    path = "/economics"

    @get("/", sync_to_thread=True)
    def index(self, frame: BoxFrame, control: Database, request: Ask, month: str = "") -> Reply:
        return _page(frame, control, month, dict(request.query_params))

    @post("/prices", sync_to_thread=True)
    def prices(self, frame: BoxFrame, control: Database, actor: Actor, data: Fields) -> Reply:
        try:
            unit_prices.change(control, actor, change_of(data))
        except Problem as problem:
            return _page(frame, control, "", {}, data, problem)
        return respond.redirect(HERE, "The prices are kept. All months are counted with them.")

    @post("/read", sync_to_thread=True)
    def read(self, services: Services) -> Reply:
        if left := len(readings.read_all(services.catalogue)):
            said = f"The database of {left} tenant{'s' if left > 1 else ''} did not answer; the others are read."
            return respond.redirect(HERE, said, "warn")
        return respond.redirect(HERE, "Sizes and model spend are read.")

    @get("/month.csv", sync_to_thread=True)
    def file(self, control: Database, month: str = "") -> Response[bytes]:
        return csv_of(control, month)

    @get("/projection.csv", sync_to_thread=True)
    def projected(self, control: Database, request: Ask, month: str = "") -> Response[bytes]:
        found = view.outlook(control, month, dict(request.query_params)).projection
        points = found.points if found else []
        return Response(b"".join(files.of_structs("csv", points, projection.Point)), media_type=files.TYPES["csv"])


def _page(
    frame: BoxFrame,
    control: Database,
    month: str,
    asked: dict[str, str],
    typed: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Reply:
    found, prices = months.of(control, month), unit_prices.of(control)
    outlook, faults = _outlook(control, month, asked)
    shown = outlook.projection.typical if outlook.projection else None
    there = months.months(control)
    given = {
        one.name: asked.get(one.name) or (getattr(shown, one.name) if shown else "") for one in assumptions.ASSUMPTIONS
    }
    kept = {name: text for name, text in asked.items() if name in ("month", *given) and text and not faults}
    context: dict[str, Any] = {
        "found": found,
        "here": HERE,
        "month": month,
        "months": [(one, f"{HERE}?month={one}", found is not None and one == found.month) for one in there[:6]],
        "outlook": outlook,
        "chart": _chart(outlook.projection, urlencode(kept)) if outlook.projection else None,
        "kpis": economics_words.kpis(found) if found else [],
        "units": UNITS,
        "prices": prices,
        "shares": list(unit_prices.SHARES.items()),
        "payers": list(unit_prices.PAYERS.items()),
        "typed": _typed(prices) | (typed or {}),
        "errors": respond.faults(problem) if problem else {},
        "assumptions": assumptions.ASSUMPTIONS,
        "given": given,
        "faults": faults,
    }
    status = respond.form_status(problem) if problem else 422 if faults else 200
    return respond.page(frame, "box/economics.html", status, **context)


def _outlook(control: Database, month: str, asked: dict[str, str]) -> tuple[Outlook, dict[str, str]]:
    """With what is wrong in the assumptions, by field; then the projection is the one without them."""
    try:
        return view.outlook(control, month, asked), {}
    except Problem as problem:
        return view.outlook(control, month, {}), respond.faults(problem)


def _typed(prices: UnitPrices) -> dict[str, str]:
    amounts = {unit.field: money.usd(getattr(prices, unit.name)) or "" for unit in UNITS}
    return amounts | {"share": prices.share, "models": prices.models}


def _chart(found: Projection, query: str) -> dict[str, Any]:
    """Parts that lie on each other would need a key of their own: the whole, and what does not fall."""
    series = [
        {"name": "Each customer", "tone": "accent", "values": [p.each_nano for p in found.points]},
        {"name": "Of it its own use", "tone": "good", "values": [p.use_nano for p in found.points]},
    ]
    return {
        "id": "projection",
        "title": "Cost of each customer by their number",
        "head": "Customers",
        "labels": [f"{p.customers:,}" for p in found.points],
        "series": series,
        "csv_href": f"{HERE}/projection.csv?{query}",
        "simulated": False,
    }


BOX_PAGES = [EconomicsPages]
BOX_API = [EconomicsApi]
