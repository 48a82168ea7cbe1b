"""From use to cost: integers of nano-dollars, rounded down once for each price; what is shared is shared out whole."""

from collections.abc import Sequence
from typing import NamedTuple

from appliance.domain.economics.unit_prices import UnitPrices

GB = 10**9
HOUR_US = 3_600_000_000
MILLION = 1_000_000


class Cost(NamedTuple):
    """Nano-dollars."""

    cpu_nano: int
    storage_nano: int
    traffic_nano: int
    requests_nano: int


class Stay(NamedTuple):
    """`days` that count, of a month of `of` days."""

    days: int
    of: int

    def part(self, nano: int) -> int:
        return nano * self.days // self.of


def cost(prices: UnitPrices, stay: Stay, cpu_us: int, kept: int, sent: int, requests: int) -> Cost:
    """Of microseconds of processor time, bytes kept over the stay, bytes sent and requests."""
    return Cost(
        cpu_us * prices.cpu_hour_nano // HOUR_US,
        kept * prices.storage_gb_month_nano * stay.days // (GB * stay.of),
        sent * prices.traffic_gb_nano // GB,
        requests * prices.million_requests_nano // MILLION,
    )


def shared_out(nano: int, weights: Sequence[int]) -> list[int]:
    """`nano` in parts that follow the weights and add up to it; evenly when all weigh nothing."""
    weights = list(weights) if any(weights) else [1] * len(weights)
    whole, parts, weighed, given = sum(weights), list[int](), 0, 0
    for weight in weights:
        weighed += weight
        parts.append(nano * weighed // whole - given)
        given += parts[-1]
    return parts
