"""`agenthq economics`: what tenants cost the box and what they pay."""

import sys
from pathlib import Path
from typing import Any

import click

from appliance.cli.command import decoded, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, facts, money, table
from appliance.domain.analytics import files
from appliance.domain.economics import assumptions, months, readings, unit_prices, view
from appliance.domain.economics.shapes import Line, Month
from appliance.domain.economics.unit_prices import UNITS, Change, UnitPrices
from appliance.errors import Problem

NOTHING = "Nothing is measured in this month. A server counts from its start: agenthq serve"
month_option = click.option("--month", default="", metavar="YYYY-MM", help="This month when left out.")


@click.group()
def economics() -> None:
    """Cost, price and margin of each tenant, and how that goes on with more of them."""


@verb("agenthq economics show", "agenthq economics show --month 2026-10 --json", into=economics)
@month_option
@click.option("--now", is_flag=True, help="Read sizes and model spend first; else they are at most an hour old.")
def show(desk: Desk, month: str, now: bool) -> Shown:
    """A month of the box, tenant by tenant."""
    with desk.control() as control:
        if now:
            readings.read_all(desk.catalogue)
        found = months.of(control, month)
    return Shown(found, _month(found) if found else NOTHING)


@economics.group()
def prices() -> None:
    """What the box itself costs."""


@verb("agenthq economics prices show", into=prices, name="show")
def show_prices(desk: Desk) -> Shown:
    """The unit prices, and where their defaults come from."""
    with desk.control() as control:
        found = unit_prices.of(control)
    return Shown(found, _prices(found))


@verb(
    "agenthq economics prices set --machine-month 12 --traffic-gb 0",
    "agenthq economics prices set --share cpu --models box",
    into=prices,
    name="set",
)
@click.option("--cpu-hour", metavar="USD", help="An hour of one processor core.")
@click.option("--storage-gb-month", metavar="USD", help="A gigabyte kept for a month.")
@click.option("--traffic-gb", metavar="USD", help="A gigabyte sent.")
@click.option("--million-requests", metavar="USD", help="A million requests.")
@click.option("--machine-month", metavar="USD", help="The machine, a month.")
@click.option("--customer-month", metavar="USD", help="Anything else for each customer and month: payment, support.")
@click.option("--share", type=click.Choice(list(unit_prices.SHARES)), help="How the machine is shared out.")
@click.option("--models", type=click.Choice(list(unit_prices.PAYERS)), help="Who pays real model calls.")
def set_prices(desk: Desk, share: str | None, models: str | None, **given: str | None) -> Shown:
    """Set unit prices; what is left out stays. Amounts are US dollars."""
    named: dict[str, Any] = {f"{name}_usd": text for name, text in given.items()}
    with desk.control() as control:
        change = decoded(Change, named | {"share": share, "models": models})
        found = unit_prices.change(control, CLI, change)
    return Shown(found, _prices(found))


@verb(
    "agenthq economics project",
    "agenthq economics project --with price_usd=99 --with most_customers=500",
    into=economics,
)
@month_option
@click.option("--with", "given", multiple=True, metavar="NAME=VALUE", help="An assumption in place of the measured.")
def project(desk: Desk, month: str, given: tuple[str, ...]) -> Shown:
    """Cost of each customer with 1 to 2,000 of them, and the claim about it."""
    named = _pairs(given)
    with desk.control() as control:
        found = view.outlook(control, month, named)
    if found.projection is None:
        missing = " ".join(f"--with {name}=…" for name in assumptions.MEASURED)
        return Shown(found, f"Nothing is measured, so nothing is projected. Measure first, or say all of: {missing}")
    assumed = facts((one.label, getattr(found.projection.typical, one.name)) for one in assumptions.ASSUMPTIONS)
    rows = [
        (
            f"{p.customers:,}",
            f"{p.machines:,}",
            money(p.cost_nano),
            money(p.each_nano),
            money(p.use_nano),
            p.margin_percent,
        )
        for p in found.projection.points
    ]
    heads = ("customers", "machines", "cost", "each", "of it own use", "margin %")
    said = "\n".join(f"{clause.claim}: {clause.verdict}. {clause.said}" for clause in found.claim)
    return Shown(found, f"{assumed}\n\n{table(heads, rows, '', right=heads)}\n\n{said}")


@verb("agenthq economics export", "agenthq economics export --month 2026-10 --out october.csv", into=economics)
@month_option
@click.option("--out", metavar="FILE", help="Write there; standard output when left out.")
def export(desk: Desk, month: str, out: str | None) -> Shown | None:
    """A month as CSV, a tenant a line, with exact amounts."""
    with desk.control() as control:
        found = months.of(control, month)
    text = b"".join(files.encode("csv", *view.table(found.lines if found else [])))
    if out is None:
        sys.stdout.write(text.decode())
        return None
    try:
        Path(out).write_bytes(text)
    except OSError as error:
        raise Problem("usage", f"{out} can't be written: {error.strerror}.") from error
    return Shown({"file": out, "tenants": len(found.lines) if found else 0}, f"{out} is written.")


def _month(found: Month) -> str:
    head = facts(
        [
            ("Measured", f"{found.first} to {found.last}, UTC: {found.days} of {found.month_days} days"),
            ("Cost", money(found.total.cost_nano)),
            ("Price", money(found.revenue_nano) if found.priced else "no tenant is on a plan with a price"),
            ("Margin", f"{found.margin_percent:,} %" if found.margin_percent is not None else ""),
            ("Sizes read", ago(found.read_at)),
        ]
    )
    heads = ("tenant", "plan", "requests", "cpu s", "MB", "sent MB", "models", "cost", "price", "margin %")
    return f"{head}\n\n{table(heads, [_line(one) for one in found.lines], 'No tenant yet.', right=heads[2:])}"


def _line(one: Line) -> tuple[object, ...]:
    price = "agreed" if one.price_nano is None else money(one.price_nano)
    sizes = (f"{one.kept_bytes / 1e6:,.1f}", f"{one.bytes_out / 1e6:,.1f}")
    work = (f"{one.requests:,}", f"{one.cpu_us / 1e6:,.1f}", *sizes)
    return (
        one.slug or one.name,
        one.plan,
        *work,
        money(one.models_nano),
        money(one.cost_nano),
        price,
        one.margin_percent,
    )


def _prices(found: UnitPrices) -> str:
    amounts = [(unit.label, f"{money(getattr(found, unit.name))}   default: {unit.source}") for unit in UNITS]
    rules = [("The machine is shared", unit_prices.SHARES[found.share]), ("Models", unit_prices.PAYERS[found.models])]
    return facts([*amounts, *rules])


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    known = [one.name for one in assumptions.ASSUMPTIONS]
    pairs = dict(text.partition("=")[::2] for text in given)
    if wrong := [name for name in pairs if name not in known]:
        raise Problem("usage", f"There is no assumption '{wrong[0]}'. There are: {', '.join(known)}.")
    return pairs
