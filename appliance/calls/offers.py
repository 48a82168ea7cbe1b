"""Offers: the models agents may use, with what they cost now."""

from datetime import datetime

import msgspec

from appliance import clock
from appliance.calls.accounts import Accounts
from appliance.db.database import Database
from appliance.domain import providers
from appliance.domain.providers import Provider
from appliance.gateway.types import Account, Usage


class Offer(msgspec.Struct, frozen=True):
    """A model agents may name as `id` or `provider_name/id`. Prices in nano-dollars for a million tokens.

    `price_source` is override, catalogue, simulated, local or unpriced; an unpriced model is never called.
    """

    id: str
    provider_id: str
    provider_name: str
    simulated: bool
    price_source: str
    input_nano_mtok: int | None = None
    output_nano_mtok: int | None = None
    cache_read_nano_mtok: int | None = None
    cache_write_5m_nano_mtok: int | None = None
    cache_write_1h_nano_mtok: int | None = None
    matched_model: str = ""
    price_version: str = ""
    note: str = ""


def every(accounts: Accounts, db: Database) -> list[Offer]:
    """Every model agents may use; of a name served twice, the account that answers it."""
    found: dict[str, Offer] = {}
    for provider in providers.all(db):
        for offer in () if provider.paused else of(accounts, db, provider):
            found.setdefault(offer.id, offer)
    return sorted(found.values(), key=lambda offer: (offer.provider_name, offer.id))


def of(accounts: Accounts, db: Database, provider: Provider) -> list[Offer]:
    """The account's models, in its order."""
    account, now = accounts.described(provider, db), clock.now()
    return [_offer(accounts, account, provider, model, now) for model in provider.models]


def _offer(accounts: Accounts, account: Account, provider: Provider, model: str, now: datetime) -> Offer:
    price = accounts.prices.price(account, model, Usage(), now)
    units = (price.input_nano_per_mtok, price.output_nano_per_mtok)
    cached = (price.cache_read_nano_per_mtok, price.cache_write_5m_nano_per_mtok, price.cache_write_1h_nano_per_mtok)
    said = (price.matched_model, price.price_version, price.note)
    return Offer(model, provider.id, provider.name, provider.simulated, price.source, *units, *cached, *said)
