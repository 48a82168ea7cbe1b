"""The economics of the box over HTTP."""

from collections.abc import Mapping
from typing import Any

from litestar import Controller, Response, get, put

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.analytics import files
from appliance.domain.economics import months, unit_prices, view
from appliance.domain.economics.unit_prices import Change
from appliance.web import money, respond
from appliance.web.access import Ask


class EconomicsApi(Controller):
    path = "/economics"
    tags = ["box"]

    @get("/", sync_to_thread=True, summary="A month of the box: use, cost, price and margin of each tenant")
    def month(self, control: Database, month: str = "") -> dict[str, Any]:
        """`month` is YYYY-MM, this one when left out. `found` is null where nothing was measured."""
        return {"months": months.months(control), "found": money.with_usd(months.of(control, month))}

    @get("/export", sync_to_thread=True, summary="The same as CSV, a tenant a line")
    def export(self, control: Database, month: str = "") -> Response[bytes]:
        return csv_of(control, month)

    @get("/prices", sync_to_thread=True, summary="What the box itself costs")
    def prices(self, control: Database) -> dict[str, Any]:
        return dict(money.with_usd(unit_prices.of(control)))

    @put("/prices", sync_to_thread=True, summary="Set unit prices; what is left out stays")
    def set_prices(self, control: Database, actor: Actor, data: Change) -> dict[str, Any]:
        return dict(money.with_usd(unit_prices.change(control, actor, data)))

    @get("/projection", sync_to_thread=True, summary="Cost of each customer against their number, and the claim")
    def projection(self, control: Database, request: Ask, month: str = "") -> dict[str, Any]:
        """Every assumption may be given by its name in place of what was measured: `?price_usd=99`."""
        return dict(money.with_usd(view.outlook(control, month, dict(request.query_params))))


def csv_of(control: Database, month: str) -> Response[bytes]:
    found = months.of(control, month)
    text = b"".join(files.encode("csv", *view.table(found.lines if found else [])))
    name = f"economics-{found.month if found else month or 'empty'}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type=files.TYPES["csv"], headers=headers)


def change_of(fields: Mapping[str, str]) -> Change:
    """Out of a form, which holds everything. Raises Problem(invalid)."""
    names = Change.__struct_fields__
    return respond.whole_form(Change, {name: text for name, text in fields.items() if name in names})
