"""What was promised of a hosted service like this one, beside our figures: each clause holds, or says where not."""

from collections.abc import Mapping, Sequence

import msgspec

from appliance.domain.analytics.amounts import NANO
from appliance.domain.economics.projection import Point

COST = (600_000_000, 7 * NANO)
PRICE = (49 * NANO, 149 * NANO)
MARGIN = (85.0, 95.0)


class Clause(msgspec.Struct, frozen=True):
    """`verdict` is holds, partly or fails; `said` gives the figures."""

    claim: str
    verdict: str
    said: str


def check(points: Sequence[Point], plans: Mapping[str, int | None]) -> list[Clause]:
    """`plans` are prices by plan."""
    return [_cost(points), _price(plans), _margin(points), _falling(points)]


def _cost(points: Sequence[Point]) -> Clause:
    inside = [p for p in points if COST[0] <= p.each_nano <= COST[1]]
    below, above = [p for p in points if p.each_nano < COST[0]], [p for p in points if p.each_nano > COST[1]]
    said = f"{_usd(points[0].each_nano)} with {points[0].customers} and {_usd(points[-1].each_nano)} with "
    said += f"{points[-1].customers:,} customers."
    if above:
        said += f" Dearer than claimed with up to {above[-1].customers:,}."
    if below:
        said += f" Cheaper than claimed from {below[0].customers:,} on: wages, payment fees and support are not in it."
    return Clause("A customer costs 0.60 to 7 dollars a month", _verdict(len(inside), len(points)), said)


def _price(plans: Mapping[str, int | None]) -> Clause:
    sold = {name: nano for name, nano in plans.items() if nano}
    inside = [name for name, nano in sold.items() if PRICE[0] <= nano <= PRICE[1]]
    said = f"On this box: {', '.join(f'{name} {_usd(nano)}' for name, nano in sold.items()) or 'no plan has a price'}. "
    said += "A price is a decision, not a measurement."
    return Clause("A customer pays 49 to 149 dollars a month", _verdict(len(inside), len(sold)), said)


def _margin(points: Sequence[Point]) -> Clause:
    known = [p for p in points if p.margin_percent is not None]
    claim = "85 to 95 percent of the price are left"
    if not known:
        return Clause(claim, "fails", "Nothing is left of a price of nothing.")
    inside = [p for p in known if MARGIN[0] <= (p.margin_percent or 0) <= MARGIN[1]]
    below = [p for p in known if (p.margin_percent or 0) < MARGIN[0]]
    above = [p for p in known if (p.margin_percent or 0) > MARGIN[1]]
    said = f"{known[0].margin_percent:,} % with {known[0].customers} and {known[-1].margin_percent:,} % with "
    said += f"{known[-1].customers:,} customers."
    if below:
        said += f" Less than claimed with up to {below[-1].customers:,}."
    if above:
        said += f" More from {above[0].customers:,} on, of what machines cost alone."
    return Clause(claim, _verdict(len(inside), len(known)), said)


def _falling(points: Sequence[Point]) -> Clause:
    pairs = list(zip(points, points[1:], strict=False))
    rises = [after for before, after in pairs if after.each_nano > before.each_nano]
    said = f"From {_usd(points[0].each_nano)} to {_usd(points[-1].each_nano)}; what a customer uses itself, "
    said += f"{_usd(points[-1].use_nano)}, does not fall."
    if rises:
        said += f" It rises where a machine is added: at {', '.join(f'{p.customers:,}' for p in rises)}."
    fell = points[-1].each_nano < points[0].each_nano
    return Clause("The cost of each customer falls as there are more", _verdict(fell + (not rises), 2), said)


def _verdict(inside: int, of: int) -> str:
    if not of:
        return "fails"
    return "holds" if inside == of else "partly" if inside else "fails"


def _usd(nano: int) -> str:
    return f"${nano / NANO:,.2f}"
