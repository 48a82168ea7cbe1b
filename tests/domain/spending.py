"""Calls in a ledger, made by the ledger's own verbs."""

from datetime import datetime

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import ledger
from appliance.domain.ledger import Attempt, Opening
from appliance.domain.scopes import Scope

TENANT = (Scope("tenant", ""),)


class Spent(msgspec.Struct, frozen=True):
    """One call of the past; `cost_nano` None: it could not be priced."""

    cost_nano: int | None
    model: str = "sim-standard"
    provider_id: str = "p-1"
    simulated: bool = False
    agent_id: str | None = None
    failure_code: str = ""
    input_total: int = 100
    cache_read: int = 0
    output_total: int = 10
    at: datetime | None = None


def book(db: Database, spent: Spent) -> str:
    """The id of the settled call."""
    with clock.frozen(spent.at or clock.now()):
        opening = Opening(
            spent.provider_id, spent.model, spent.simulated, 1_000, "test", TENANT, agent_id=spent.agent_id
        )
        call_id = ledger.open_call(db, opening)
        source = "unpriced" if spent.cost_nano is None else "catalogue"
        tokens = {name: getattr(spent, name) for name in ("input_total", "cache_read", "output_total")}
        attempt = Attempt(spent.provider_id, spent.model, cost_nano=spent.cost_nano, cost_source=source, **tokens)
        with db.transaction():
            ledger.settle(db, call_id, [attempt], spent.failure_code)
    return call_id
