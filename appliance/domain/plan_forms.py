"""Limits and prices of plans as people write them: a number, a size, or none."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from appliance.db.bounds import LIMITS
from appliance.domain import quotas
from appliance.errors import Problem, invalid

NANO = 1_000_000_000
UNITS = {"": 1, "b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40}
WORDS = {
    "requests_per_min": "Requests a minute",
    "user_requests_per_min": "Requests a minute of one person",
    "key_requests_per_min": "Requests a minute of one key",
    "agents": "Agents",
    "running": "Runs at the same time",
    "storage_bytes": "Storage",
}
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([a-z]*)")
NONE = ("", "none")


def limit(name: str, text: str) -> int | None:
    """Bytes for storage, which takes sizes such as 10 GB, else a whole number. Raises Problem(invalid)."""
    plain = text.strip().lower().replace(",", "")
    if plain in NONE:
        return None
    found = _NUMBER.fullmatch(plain)
    unit = UNITS.get(found[2]) if found else None
    whole = name == "storage_bytes" or (found is not None and found[1].isdigit() and found[2] == "")
    if found is None or unit is None or not whole:
        size = " such as 500 MB or 10 GB" if name == "storage_bytes" else ""
        raise invalid(**{name: f"give a number{size}, or none; not '{text.strip()}'"})
    return int(Decimal(found[1]) * unit)


def price(text: str) -> int | None:
    """Nano-dollars a month. Raises Problem(invalid)."""
    plain = text.strip().lower().removeprefix("$").replace(",", "")
    if plain in NONE:
        return None
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        amount = Decimal(-1)
    if not 0 <= amount <= 10**6:
        raise invalid(price=f"give US dollars a month, or none; not '{text.strip()}'")
    return int(amount * NANO)


def limits(given: Mapping[str, str]) -> dict[str, int | None]:
    """Those of the fields that are limits. Raises Problem(invalid) with all that are at fault."""
    found: dict[str, int | None] = {}
    faults: dict[str, str] = {}
    for name in (one for one in LIMITS if one in given):
        try:
            found[name] = limit(name, given[name])
        except Problem as problem:
            faults |= problem.errors
    if faults:
        raise invalid(**faults)
    return found


def shown(name: str, value: int | None) -> str:
    if value is None:
        return "none"
    return quotas.sized(value) if name == "storage_bytes" else f"{value:,}"
