"""Cost of each customer against the number of customers, out of one customer's usual month and what a machine holds."""

from decimal import Decimal

import msgspec

from appliance.domain.analytics.amounts import NANO
from appliance.domain.economics import costing
from appliance.domain.economics.costing import Stay
from appliance.domain.economics.shapes import percent
from appliance.domain.economics.typical import MB, Typical
from appliance.domain.economics.unit_prices import UnitPrices

CUSTOMERS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)
HOURS = 730


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
