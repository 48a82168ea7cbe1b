"""A month of the box: what each tenant used, what that cost, what it pays."""

import calendar
import re
from typing import Any, NamedTuple

from appliance import clock
from appliance.db.database import Database
from appliance.domain import tenants
from appliance.domain.analytics import spans
from appliance.domain.economics import costing, plan_prices, readings, unit_prices, use
from appliance.domain.economics.costing import Stay
from appliance.domain.economics.readings import Kept
from appliance.domain.economics.shapes import Figures, Line, Month, percent, summed
from appliance.domain.economics.unit_prices import UnitPrices
from appliance.domain.economics.use import Used
from appliance.domain.tenants import Tenant
from appliance.errors import invalid

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
# Who is in another state pays nothing, and costs what it costs.
PAYING = ("active", "suspended")


class Span(NamedTuple):
    """The days of a month that were measured."""

    month: str
    first: str
    last: str
    month_days: int

    @property
    def days(self) -> int:
        return max(0, spans.length(self.first, self.last))

    def stay(self, since: str) -> Stay:
        """Of somebody who came on the day `since`."""
        return Stay(max(0, spans.length(max(self.first, since), self.last)), self.month_days)


def of(control: Database, month: str = "") -> Month | None:
    """The month YYYY-MM, this one when left out; None where nothing was measured. Raises Problem(invalid)."""
    span = _span(month, use.since(control))
    if span is None:
        return None
    prices = unit_prices.of(control)
    used, kept = use.between(control, span.first, span.last), readings.between(control, span.first, span.last)
    paid = plan_prices.every(control)
    lines = [
        _line(prices, span, found, used.get(found.id, Used()), kept.get(found.id, Kept()), paid.get(found.plan))
        for found in _who(control, span, {*used, *kept})
    ]
    own = _own(prices, span, used.get("", Used()))
    return _month(span, readings.last(control), prices, own, _shared(lines, prices, own))


def months(control: Database) -> list[str]:
    """Those that something was measured in, the newest first."""
    since, month = use.since(control), clock.iso()[:7]
    found = [month] if since else []
    while since and month > since[:7]:
        month = spans.after(month + "-01", -1)[:7]
        found.append(month)
    return found


def _span(month: str, since: str | None) -> Span | None:
    today = clock.iso()[:10]
    month = month or today[:7]
    if not _MONTH.fullmatch(month) or month < "1970":
        raise invalid(month="give a month as YYYY-MM")
    days = calendar.monthrange(int(month[:4]), int(month[5:]))[1]
    if since is None:
        return None
    found = Span(month, max(since, f"{month}-01"), min(today, f"{month}-{days}"), days)
    return found if found.first <= found.last else None


def _who(control: Database, span: Span, ids: set[str]) -> list[Tenant]:
    """All tenants that were there, and those that are gone and used something."""
    found = [tenant for tenant in tenants.every(control) if tenant.created_at[:10] <= span.last]
    gone = sorted(ids - {"", *(tenant.id for tenant in found)})
    return found + [Tenant(one, "", "A removed tenant", "purged", "", False, span.first) for one in gone]


def _line(prices: UnitPrices, span: Span, tenant: Tenant, did: Used, has: Kept, price: int | None) -> Line:
    stay = span.stay(tenant.created_at[:10])
    counted = _used(did) | {"models_nano": has.models_nano, "simulated_nano": has.simulated_nano}
    costs = costing.cost(prices, stay, did.cpu_us, has.bytes, did.bytes_out, did.requests)._asdict()
    paid = price if tenant.state in PAYING else 0
    return Line(
        tenant_id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        plan=tenant.plan,
        state=tenant.state,
        simulated=tenant.simulated,
        days=stay.days,
        kept_bytes=has.bytes,
        other_nano=stay.part(prices.customer_month_nano) + (has.models_nano if prices.models == "box" else 0),
        price_nano=None if paid is None else stay.part(paid),
        **counted,
        **costs,
    )


def _own(prices: UnitPrices, span: Span, used: Used) -> Figures:
    """What belongs to no tenant: the machine, and what the box does for itself."""
    stay = Stay(span.days, span.month_days)
    costs = costing.cost(prices, stay, used.cpu_us, 0, used.bytes_out, used.requests)
    machine = stay.part(prices.machine_month_nano)
    return Figures(**_used(used), **costs._asdict(), other_nano=machine, cost_nano=sum(costs) + machine)


def _used(used: Used) -> dict[str, Any]:
    names = ("pages", "api", "gateway", "request_us", "work_us", "bytes_in", "bytes_out")
    return {name: getattr(used, name) for name in names}


def _shared(lines: list[Line], prices: UnitPrices, own: Figures) -> list[Line]:
    parts = costing.shared_out(own.cost_nano, [_weight(line, prices.share) for line in lines])
    return [_whole(line, part) for line, part in zip(lines, parts, strict=True)]


def _weight(line: Line, share: str) -> int:
    return {"cpu": line.cpu_us, "requests": line.requests}.get(share, line.days)


def _whole(line: Line, shared: int) -> Line:
    parts = ("cpu_nano", "storage_nano", "traffic_nano", "requests_nano", "other_nano")
    cost = shared + sum(getattr(line, name) for name in parts)
    margin = None if line.price_nano is None else line.price_nano - cost
    told = {"shared_nano": shared, "cost_nano": cost, "margin_nano": margin}
    return Line(**_fields(line) | told | {"margin_percent": percent(margin, line.price_nano)})


def _fields(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in line.__struct_fields__}


def _month(span: Span, read_at: str | None, prices: UnitPrices, own: Figures, lines: list[Line]) -> Month:
    priced = [line for line in lines if line.price_nano is not None]
    revenue = sum(line.price_nano or 0 for line in priced) if priced else None
    margin = sum(line.margin_nano or 0 for line in priced) if priced else None
    return Month(
        span.month,
        span.first,
        span.last,
        span.days,
        span.month_days,
        read_at,
        prices,
        own,
        summed(lines),
        len(priced),
        revenue,
        margin,
        percent(margin, revenue),
        sorted(lines, key=lambda line: (-line.cost_nano, line.name, line.tenant_id)),
    )
