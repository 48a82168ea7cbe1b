"""The figures at the top of the economics page, each with how it is calculated."""

from typing import Any

from appliance.domain.economics.shapes import Month
from appliance.domain.economics.unit_prices import SHARES
from appliance.web.amounts import usd, usd_exact


def kpis(found: Month) -> list[dict[str, Any]]:
    return [_margin(found), _cost(found), _each(found), _models(found)]


def _margin(found: Month) -> dict[str, Any]:
    if found.margin_percent is None:
        said = ["A margin is a price less a cost, and no tenant is on a plan with a price above nothing.", _PRICED]
        return _kpi("margin", "Margin", "–", "no tenant is on a plan with a price", said, hero=True)
    priced = f"{found.priced} of {len(found.lines)} tenants have a price"
    said = [
        f"({usd_exact(found.revenue_nano)} of prices − what these tenants cost) ÷ prices.",
        f"Prices count for the {found.days} of {found.month_days} days that were measured. {_PRICED}",
    ]
    tone = "good" if (found.margin_nano or 0) > 0 else "bad"
    note = f"{usd(found.margin_nano)} of {usd(found.revenue_nano)} · {priced}"
    return _kpi("margin", "Margin", f"{found.margin_percent:,} %", note, said, tone, hero=True)


def _cost(found: Month) -> dict[str, Any]:
    total, own = found.total, found.own
    said = [
        f"Processor {usd_exact(total.cpu_nano)} + storage {usd_exact(total.storage_nano)} + traffic "
        f"{usd_exact(total.traffic_nano)} + requests {usd_exact(total.requests_nano)} + other "
        f"{usd_exact(total.other_nano)} + shared {usd_exact(total.shared_nano)} = {usd_exact(total.cost_nano)}.",
        f"Shared is {found.days} of {found.month_days} days of the machine, {usd_exact(own.other_nano)}, and what the "
        f"box does for nobody in particular; it is shared out {SHARES[found.prices.share]}.",
    ]
    return _kpi("cost", "Cost", usd(total.cost_nano), f"{found.days} of {found.month_days} days", said)


def _each(found: Month) -> dict[str, Any]:
    count = len(found.lines)
    each = found.total.cost_nano // count if count else None
    said = ["The cost above, divided by the tenants that were there in these days."] if count else []
    return _kpi("each", "Each tenant", usd(each), f"{count:,} tenant{'' if count == 1 else 's'}", said)


def _models(found: Month) -> dict[str, Any]:
    paid = "in the cost" if found.prices.models == "box" else "paid by tenants, not in the cost"
    said = [
        f"Real calls of all tenants by their own ledgers: {usd_exact(found.total.models_nano)}.",
        f"Simulated calls, {usd_exact(found.total.simulated_nano)}, are paid by nobody and never in a cost.",
    ]
    return _kpi("models", "Models", usd(found.total.models_nano), paid, said)


_PRICED = "A plan whose price is agreed with each tenant is not counted on either side."


def _kpi(
    key: str, label: str, value: str, note: str, how: list[str], tone: str = "", hero: bool = False
) -> dict[str, Any]:
    plain = {"simulated": False, "href": "", "note_tone": ""}
    return {"key": key, "label": label, "value": value, "note": note, "how": how, "tone": tone, "hero": hero} | plain
