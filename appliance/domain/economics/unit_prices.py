"""What the box itself costs: unit prices that its owner can change, each with a default and where that comes from."""

from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import msgspec

from appliance.db.database import Database
from appliance.domain import audit
from appliance.domain.actor import Actor
from appliance.domain.analytics.amounts import NANO
from appliance.errors import invalid

MOST = 1_000_000
SHARES = {
    "evenly": "the same for each tenant and day",
    "cpu": "by processor time",
    "requests": "by requests",
}
PAYERS = {"tenant": "the tenant, with its own provider account", "box": "the owner of the box"}


class UnitPrices(msgspec.Struct, frozen=True):
    """Nano-dollars. `share` says how what belongs to no tenant is divided, `models` who pays real model calls."""

    cpu_hour_nano: int = 40_500_000
    storage_gb_month_nano: int = 80_000_000
    traffic_gb_nano: int = 90_000_000
    million_requests_nano: int = 0
    machine_month_nano: int = 20 * NANO
    customer_month_nano: int = 0
    share: str = "evenly"
    models: str = "tenant"


class Unit(NamedTuple):
    """How one price is asked for and told; `field` is its name in forms, in dollars."""

    name: str
    label: str
    source: str

    @property
    def field(self) -> str:
        return self.name.replace("_nano", "_usd")


UNITS = (
    Unit("cpu_hour_nano", "An hour of one processor core", "AWS Fargate, us-east-1: 0.04048 a vCPU hour"),
    Unit("storage_gb_month_nano", "A gigabyte kept for a month", "AWS EBS gp3, us-east-1; backups are not in it"),
    Unit("traffic_gb_nano", "A gigabyte sent", "AWS to the internet, us-east-1, the first 10 TB"),
    Unit("million_requests_nano", "A million requests", "0: nobody in front of the box charges for each"),
    Unit("machine_month_nano", "The machine, a month", "a rented server of 2 cores and 4 GB; they cost 5 to 40"),
    Unit("customer_month_nano", "Anything else, a customer and month", "0: put fees of payment and support here"),
)


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Amounts are dollars as text; what is left out stays as it is."""

    cpu_hour_usd: str | None = None
    storage_gb_month_usd: str | None = None
    traffic_gb_usd: str | None = None
    million_requests_usd: str | None = None
    machine_month_usd: str | None = None
    customer_month_usd: str | None = None
    share: str | None = None
    models: str | None = None


def of(control: Database) -> UnitPrices:
    kept = {row["name"]: row["value"] for row in control.rows("SELECT name, value FROM unit_prices")}
    return msgspec.convert(kept, UnitPrices, strict=False)


def change(control: Database, actor: Actor, given: Change) -> UnitPrices:
    """Raises Problem(invalid) with the fields at fault."""
    named = {name: value for name, value in msgspec.structs.asdict(given).items() if value is not None}
    if faults := {name: said for name, value in named.items() if (said := _fault(name, value))}:
        raise invalid(**faults)
    with control.transaction():
        for name, value in named.items():
            kept = name.replace("_usd", "_nano")
            text = value if kept == name else str(int(Decimal(value) * NANO))
            control.upsert("unit_prices", {"name": kept, "value": text}, ("name",))
        audit.record(control, actor, "unit_prices.changed", ", ".join(f"{n} {v}" for n, v in named.items()))
    return of(control)


def _fault(name: str, value: str) -> str:
    choices = {"share": SHARES, "models": PAYERS}.get(name)
    if choices is not None:
        return "" if value in choices else f"use one of {', '.join(choices)}"
    return amount_fault(value)


def amount_fault(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return "give dollars as a number, for example 0.04"
    return "" if number.is_finite() and 0 <= number <= MOST else f"give dollars from 0 to {MOST:,}"
