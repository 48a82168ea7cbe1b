"""Offers: the models agents may use, with what they cost now."""

import msgspec

from appliance import clock
from appliance.calls.accounts import Accounts
from appliance.db.database import Database
from appliance.domain import providers
from appliance.domain.providers import Provider
from appliance.gateway.types import Usage


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


def every(accounts: Accounts, db: Database) -> list[Offer]:
    """Every model agents may use; of a name served twice, the account that answers it."""
    found: dict[str, Offer] = {}
    for provider in providers.all(db):
        for offer in () if provider.paused else of(accounts, provider):
            found.setdefault(offer.id, offer)
    return sorted(found.values(), key=lambda offer: (offer.provider_name, offer.id))


def of(accounts: Accounts, provider: Provider) -> list[Offer]:
    """The account's models, in its order."""
    return [_offer(accounts, provider, model) for model in provider.models]


def _offer(accounts: Accounts, provider: Provider, model: str) -> Offer:
    price = accounts.prices.price(accounts.described(provider), model, Usage(), clock.now())
    units = (price.input_nano_per_mtok, price.output_nano_per_mtok)
    return Offer(model, provider.id, provider.name, provider.simulated, price.source, *units)
