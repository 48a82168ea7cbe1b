"""Cost of each customer against the number of customers, out of one customer's usual month and what a machine holds."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import msgspec

from appliance.domain.analytics.amounts import NANO
from appliance.domain.economics import costing, unit_prices
from appliance.domain.economics.costing import Stay
from appliance.domain.economics.shapes import Month, percent
from appliance.domain.economics.unit_prices import UnitPrices
from appliance.errors import invalid

CUSTOMERS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)
HOURS = 730
MB = 10**6


class Typical(msgspec.Struct, frozen=True):
    """One customer's month, as decimal text: what it uses, what the box does for it beside that, what it pays.

    A machine of `cores` is full at `busy_percent` of its processor time, or with `most_customers`.
    """

    cpu_seconds: str
    own_seconds: str
    kept_mb: str
    sent_mb: str
    requests: str
    price_usd: str = "49"
    cores: str = "2"
    busy_percent: str = "50"
    most_customers: str = "2000"


class Assumption(NamedTuple):
    name: str
    label: str
    least: str = "0"


ASSUMPTIONS = (
    Assumption("cpu_seconds", "Processor seconds of one customer"),
    Assumption("own_seconds", "Seconds of the box for a customer"),
    Assumption("kept_mb", "Megabytes kept by one customer"),
    Assumption("sent_mb", "Megabytes sent to one customer"),
    Assumption("requests", "Requests of one customer"),
    Assumption("price_usd", "Price, US dollars"),
    Assumption("cores", "Cores of a machine", "0.1"),
    Assumption("busy_percent", "Busy at most, percent", "1"),
    Assumption("most_customers", "Customers on a machine at most", "1"),
)
MEASURED = ("cpu_seconds", "own_seconds", "kept_mb", "sent_mb", "requests")
MOST = Decimal(10**12)


class Point(msgspec.Struct, frozen=True):
    """With so many customers: machines, nano-dollars of all, of each customer and its two parts, and the margin."""

    customers: int
    machines: int
    cost_nano: int
    each_nano: int
    use_nano: int
    machine_nano: int
    price_nano: int
    margin_percent: float | None


class Projection(msgspec.Struct, frozen=True):
    typical: Typical
    points: list[Point]


def typical(month: Month) -> Typical:
    """The mean of the month's tenants, stretched to a whole month. Raises Problem(invalid) when there are none."""
    days = sum(line.days for line in month.lines)
    if not days:
        raise invalid(month="has no tenant to take the mean of")
    total, whole = month.total, Decimal(month.month_days) / days
    return Typical(
        cpu_seconds=_text(whole * total.cpu_us / 10**6),
        own_seconds=_text(whole * month.own.cpu_us / 10**6),
        kept_mb=_text(Decimal(total.kept_bytes) / len(month.lines) / MB),
        sent_mb=_text(whole * total.bytes_out / MB),
        requests=_text(whole * total.requests),
    )


def assumed(month: Month | None, given: Mapping[str, str]) -> Typical | None:
    """What was measured, with what is given in its place; None where neither says what a customer uses.

    Raises Problem(invalid) with the fields at fault.
    """
    said = {one.name: given[one.name].strip() for one in ASSUMPTIONS if given.get(one.name, "").strip()}
    if faults := {one.name: f for one in ASSUMPTIONS if one.name in said and (f := _fault(one, said[one.name]))}:
        raise invalid(**faults)
    if month is not None and month.lines:
        return msgspec.structs.replace(typical(month), **said)
    return Typical(**said) if set(MEASURED) <= set(said) else None


def project(prices: UnitPrices, on: Typical) -> Projection:
    return Projection(on, [_point(prices, on, customers) for customers in CUSTOMERS])


def _point(prices: UnitPrices, on: Typical, customers: int) -> Point:
    cpu_us = _whole(on.cpu_seconds, 10**6) + _whole(on.own_seconds, 10**6)
    kept, sent, requests = _whole(on.kept_mb, MB), _whole(on.sent_mb, MB), _whole(on.requests)
    use = sum(costing.cost(prices, Stay(1, 1), cpu_us, kept, sent, requests)) + prices.customer_month_nano
    machines = _machines(on, customers, cpu_us)
    cost = machines * prices.machine_month_nano + customers * use
    each, price = cost // customers, _whole(on.price_usd, NANO)
    return Point(customers, machines, cost, each, use, each - use, price, percent(price - each, price))


def _machines(on: Typical, customers: int, cpu_us: int) -> int:
    room = _whole(on.cores, 1000) * HOURS * costing.HOUR_US * _whole(on.busy_percent, 1000) // 10**8
    by_time, by_number = -(-customers * cpu_us // max(1, room)), -(-customers // max(1, _whole(on.most_customers)))
    return max(1, by_time, by_number)


def _whole(text: str, by: int = 1) -> int:
    return int(Decimal(text) * by)


def _text(number: Decimal) -> str:
    """Three digits behind the point at most, without zeros at the end."""
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _fault(one: Assumption, text: str) -> str:
    if one.name == "price_usd":
        return unit_prices.amount_fault(text)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return "give a number, for example 1.5"
    return "" if number.is_finite() and Decimal(one.least) <= number <= MOST else f"give a number from {one.least}"
