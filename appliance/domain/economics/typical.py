"""One customer's usual month: the mean of those that were measured."""

from decimal import Decimal

import msgspec

from appliance.domain.economics.shapes import Month
from appliance.errors import invalid

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


def of(month: Month) -> Typical:
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


def _text(number: Decimal) -> str:
    """Three digits behind the point at most, without zeros at the end."""
    return f"{number:.3f}".rstrip("0").rstrip(".")
