"""Prices over HTTP."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, post

from appliance.calls import offers, price_setting, repricing
from appliance.calls.accounts import Accounts
from appliance.calls.offers import Offer
from appliance.db.database import Database
from appliance.domain import price_imports, prices, unpriced
from appliance.domain.actor import Actor
from appliance.domain.analytics import spans
from appliance.domain.price_forms import NewPrice
from appliance.domain.price_imports import Difference, PriceList
from appliance.domain.prices import SetPrice
from appliance.domain.providers import all as accounts_of
from appliance.web import money
from appliance.web.idempotency import Once
from appliance.web.respond import Reply
from appliance.web.services import Services

ADMIN = {"role": "admin"}


class Import(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`list` is a file of the form agenthq-prices/1. Without `apply` only the difference is told."""

    list: PriceList
    apply: bool = False
    confirm: bool = False


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days in UTC, both included. `dry_run` false writes."""

    first: str = msgspec.field(name="from", default="")
    last: str = msgspec.field(name="to", default="")
    dry_run: bool = True


class PricesApi(Controller):
    path = "/prices"
    tags = ["costs"]

    @get("/", sync_to_thread=True, summary="What each model costs, why, and the tenant's own prices")
    def listing(self, db: Database, services: Services) -> dict[str, Any]:
        found = listed(services.calls.accounts, db)
        whole = {"items": found, "own": prices.every(db), "imported": price_imports.last(db)}
        return dict(money.with_usd(whole))

    @post("/", sync_to_thread=True, opt=ADMIN, summary="Set the tenant's own price of a model")
    def put(self, db: Database, actor: Actor, services: Services, once: Once, data: NewPrice) -> Reply:
        return once.created(lambda: price_setting.put(services.calls.accounts, db, actor, data))

    @delete("/{price_id:str}", status_code=200, sync_to_thread=True, opt=ADMIN, summary="Remove an own price")
    def remove(self, db: Database, actor: Actor, price_id: str) -> SetPrice:
        return prices.remove(db, actor, price_id)

    @post("/import", status_code=200, sync_to_thread=True, opt=ADMIN, summary="Compare or apply a price list")
    def import_(self, db: Database, actor: Actor, data: Import) -> Difference:
        read = price_imports.checked(data.list)
        if data.apply:
            return price_imports.apply(db, actor, read, data.confirm)
        return price_imports.difference(db, read)

    @get("/unpriced", sync_to_thread=True, summary="Calls without a price, by model and account")
    def unpriced(self, db: Database) -> dict[str, Any]:
        return {"items": money.with_usd(unpriced.every(db))}

    @post("/reprice", status_code=200, sync_to_thread=True, opt=ADMIN, summary="Price past calls anew")
    def reprice(self, db: Database, actor: Actor, services: Services, data: Span) -> Any:
        """By default a dry run; with `dry_run` false every change leaves an adjustment on its call."""
        first, last = spans.span(data.first, data.last)
        accounts = services.calls.accounts
        return money.with_usd(repricing.reprice(accounts, db, actor, first, last, not data.dry_run, repricing.MOST))


def listed(accounts: Accounts, db: Database) -> list[Offer]:
    """The models of every account, those without a price first."""
    found = [offer for one in accounts_of(db) for offer in offers.of(accounts, db, one)]
    return sorted(found, key=lambda offer: (offer.price_source != "unpriced", offer.id, offer.provider_name))
