"""Setting a tenant's own price, with the question whether it is meant asked against what the model costs so far."""

from decimal import Decimal

from appliance.calls import offers
from appliance.calls.accounts import Accounts
from appliance.db.database import Database
from appliance.domain import prices, providers
from appliance.domain.actor import Actor
from appliance.domain.price_forms import NewPrice
from appliance.domain.prices import Known, SetPrice


def put(accounts: Accounts, db: Database, actor: Actor, new: NewPrice) -> SetPrice:
    """Raises Problem(invalid)."""
    return prices.put(db, actor, new, so_far(accounts, db, new.model.strip()))


def so_far(accounts: Accounts, db: Database, model: str) -> Known:
    """Dollars for a million tokens of input and output now, None where no account serves the model at a known price."""
    served = [one for one in providers.all(db) if model in one.models]
    for offer in (offer for one in served for offer in offers.of(accounts, db, one) if offer.id == model):
        if offer.input_nano_mtok is not None:
            return _usd(offer.input_nano_mtok), _usd(offer.output_nano_mtok)
    return None, None


def _usd(nano: int | None) -> Decimal | None:
    return None if nano is None else Decimal(nano).scaleb(-9)
