"""What may be assumed about a customer in place of what was measured."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import msgspec

from appliance.domain.economics import typical, unit_prices
from appliance.domain.economics.shapes import Month
from appliance.domain.economics.typical import Typical
from appliance.errors import invalid


class Assumption(NamedTuple):
    name: str
    label: str
    least: str = "0"


ASSUMPTIONS = (
    Assumption("cpu_seconds", "Processor seconds of one customer"),
    Assumption("own_seconds", "Processor seconds of the box beside, for each customer"),
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


def assumed(month: Month | None, given: Mapping[str, str]) -> Typical | None:
    """What was measured, with what is given in its place; None where neither says what a customer uses.

    Raises Problem(invalid) with the fields at fault.
    """
    said = {one.name: given[one.name].strip() for one in ASSUMPTIONS if given.get(one.name, "").strip()}
    if faults := {one.name: f for one in ASSUMPTIONS if one.name in said and (f := _fault(one, said[one.name]))}:
        raise invalid(**faults)
    if month is not None and month.lines:
        return msgspec.structs.replace(typical.of(month), **said)
    return Typical(**said) if set(MEASURED) <= set(said) else None


def _fault(one: Assumption, text: str) -> str:
    if one.name == "price_usd":
        return unit_prices.amount_fault(text)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return "give a number, for example 1.5"
    return "" if number.is_finite() and Decimal(one.least) <= number <= MOST else f"give a number from {one.least}"
