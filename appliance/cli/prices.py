"""`agenthq price`: what models cost, own prices, lists from a file, and past calls priced anew."""

from typing import Any

import click
import msgspec

from appliance.calls import offers, price_setting, repricing
from appliance.calls.offers import Offer
from appliance.calls.repricing import Repriced
from appliance.cli.command import decoded, read_text, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, facts, money, table
from appliance.domain import price_forms, price_imports, prices, providers
from appliance.domain.analytics import spans
from appliance.domain.price_forms import NewPrice, UnitPrices
from appliance.domain.price_imports import Difference
from appliance.errors import invalid, not_found

SHOWN = 40
_OPTIONS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


@click.group()
def price() -> None:
    """Prices of models: own ones, lists from a file, and past calls priced anew."""


confirm_option = click.option("--confirm", is_flag=True, help="Yes, a price that far from the one so far.")


@verb("agenthq price list", "agenthq price list --json", into=price, name="list")
@tenant_option
def list_(desk: Desk, tenant: str | None) -> Shown:
    """What each model costs now, in dollars for a million tokens, and the own prices with their dates."""
    with desk.room(tenant) as room:
        accounts = desk.calls.accounts
        found = [offer for one in providers.all(room.db) for offer in offers.of(accounts, room.db, one)]
        own, imported = prices.every(room.db), price_imports.last(room.db)
    heads = ("model", "account", "price from", "input", "output", "version")
    text = table(heads, [_row(offer) for offer in found], "No account has a model yet.", right=heads[3:5])
    if own:
        rows = [
            (one.model, one.starts_at[:10] or "always", (one.ends_at or "")[:10], *_plain(one.prices)) for one in own
        ]
        ours = ("own price", "from", "until", "input", "output")
        text += "\n\n" + table(ours, rows, "", right=ours[3:])
    if imported:
        text += f"\n\nImported list: version {imported.version}, {imported.models} models"
    return Shown({"items": found, "own": own, "imported": imported}, text)


@verb(
    "agenthq price set my-model --input 3 --output 15",
    "agenthq price set claude-opus-4-8 --input 4 --output 20 --cache-read 0.4 --from 2026-12-01 --until 2027-01-01",
    "agenthq price set my-model --input 3 --output 15 --unit web_searches=10 --note 'Contract of May'",
    into=price,
    name="set",
)
@click.argument("model")
@click.option("--input", required=True, metavar="USD", help="For a million tokens.")
@click.option("--output", required=True, metavar="USD", help="For a million tokens.")
@click.option("--cache-read", metavar="USD", help="Input read from the cache; what input costs, when left out.")
@click.option("--cache-write-5m", metavar="USD", help="Input written to the cache for five minutes.")
@click.option("--cache-write-1h", metavar="USD", help="Input written to the cache for an hour.")
@click.option("--unit", "units", multiple=True, metavar="NAME=USD", help="What else is billed, for a thousand.")
@click.option("--from", "starts", metavar="DAY", help="In UTC; all time, when left out.")
@click.option("--until", "ends", metavar="DAY", help="Not on this day any more; for good, when left out.")
@click.option("--note", help="Why.")
@confirm_option
@tenant_option
def set_(desk: Desk, tenant: str | None, units: tuple[str, ...], **given: Any) -> Shown:
    """Set what MODEL costs, for every account without a price of its own."""
    amounts = {f"{name}_usd_per_mtok": given.pop(name) for name in _OPTIONS}
    made = _amounts(amounts | {"units_usd_per_1000": dict(_unit(text) for text in units)})
    with desk.room(tenant) as room:
        new = decoded(NewPrice, given | {"prices": made})
        done = price_setting.put(desk.calls.accounts, room.db, CLI, new)
    pairs = (("Model", done.model), ("From", done.starts_at or "always"), ("Until", done.ends_at))
    return Shown(done, facts([*pairs, *zip(("Input", "Output"), _plain(made), strict=True)]))


@verb("agenthq price remove my-model", "agenthq price remove my-model --from 2026-12-01", into=price)
@click.argument("model")
@click.option("--from", "starts", default="", metavar="DAY", help="The one that starts on this day.")
@tenant_option
def remove(desk: Desk, model: str, starts: str, tenant: str | None) -> Shown:
    """Remove an own price; past calls keep what they cost."""
    with desk.room(tenant) as room:
        at = price_forms.moment(starts, "from")
        found = next((one for one in prices.every(room.db) if (one.model, one.starts_at) == (model, at)), None)
        if found is None:
            raise not_found("own price")
        prices.remove(room.db, CLI, found.id)
    return Shown(found, f"The own price of {model} is removed.")


@verb(
    "agenthq price import prices-2026-12.json",
    "agenthq price import prices-2026-12.json --apply",
    into=price,
    name="import",
)
@click.argument("file")
@click.option("--apply", is_flag=True, help="Put it in the place of the list before; without it only say what changes.")
@confirm_option
@tenant_option
def import_(desk: Desk, file: str, apply: bool, confirm: bool, tenant: str | None) -> Shown:
    """Take prices from FILE, for a box that can't be updated from outside; docs/prices.md describes it."""
    new = price_imports.read(read_text(file))
    with desk.room(tenant) as room:
        if apply:
            found = price_imports.apply(room.db, CLI, new, confirm)
            return Shown(found, f"{_difference(found)}\nVersion {found.version} is in place.")
        found = price_imports.difference(room.db, new)
    return Shown(found, f"{_difference(found)}\nNothing is changed yet: add --apply.")


@verb(
    "agenthq price reprice --from 2026-11-01 --dry-run",
    "agenthq price reprice --from 2026-11-01 --to 2026-11-30",
    into=price,
)
@click.option("--from", "first", default="", metavar="DAY", help="In UTC; the first of the month, when left out.")
@click.option("--to", "last", default="", metavar="DAY", help="Included; today, when left out.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@tenant_option
def reprice(desk: Desk, first: str, last: str, dry_run: bool, tenant: str | None) -> Shown:
    """Price past calls anew, each at its own time: those without a price or priced by another version."""
    first, last = spans.span(first, last)
    with desk.room(tenant) as room:
        told = repricing.reprice(desk.calls.accounts, room.db, CLI, first, last, not dry_run)
    return Shown(told, _repriced(told))


def _amounts(given: dict[str, Any]) -> UnitPrices:
    try:
        return decoded(UnitPrices, given)
    except msgspec.ValidationError as error:
        field = str(error).rpartition("$.")[2].partition("[")[0].strip("`")
        raise invalid(**{field: "give dollars, for example 2.50"}) from None


def _unit(text: str) -> tuple[str, str]:
    name, _, usd = text.partition("=")
    if not name or not usd:
        raise invalid(unit="give a name and dollars, for example web_searches=10")
    return name, usd


def _row(offer: Offer) -> tuple[object, ...]:
    units = (money(offer.input_nano_mtok), money(offer.output_nano_mtok))
    return (offer.id, offer.provider_name, offer.price_source, *units, offer.price_version or offer.note)


def _plain(found: UnitPrices) -> tuple[str, str]:
    return f"${found.input_usd_per_mtok:f}", f"${found.output_usd_per_mtok:f}"


def _difference(found: Difference) -> str:
    rows = [(one.what, one.model, one.starts_at[:10], one.before, one.after, one.doubt) for one in found.changes]
    text = table(("", "model", "from", "before", "after", "doubt"), rows[:SHOWN], "No price would change.")
    more = f"\nand {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"{text}{more}\n{found.added} added, {found.changed} changed, {found.removed} removed"


def _repriced(told: Repriced) -> str:
    rows = [(one.model, one.attempts, money(one.before_nano), money(one.after_nano)) for one in told.models]
    heads = ("model", "calls", "before", "after")
    text = table(heads, rows, "Nothing to change.", right=heads[1:])
    said = "changed" if told.applied else "would change"
    sums = f"{told.checked:,} looked at, {told.changed:,} {said}, {told.unpriced:,} still without a price"
    return f"{told.first_day} to {told.last_day}, UTC\n{text}\n{sums}"
