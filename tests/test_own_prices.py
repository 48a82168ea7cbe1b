"""A tenant's own price counts wherever a call is made, from the moment it is set."""

from decimal import Decimal

import pytest

from appliance.calls import Calls
from appliance.domain import prices
from appliance.domain.actor import SYSTEM
from appliance.domain.price_forms import NewPrice, UnitPrices
from appliance.gateway.failures import ProviderFailure
from tests.gateway.scripted import ScriptedServer
from tests.test_calls import answer, ask, calls, lab, make, only, wire
from tests.world import World

__all__ = ["calls", "wire"]


def test_an_own_price_makes_a_model_callable_at_once(world: World, calls: Calls, wire: ScriptedServer) -> None:
    with world.db() as db:
        lab(db, world, wire, priced=False)
        with pytest.raises(ProviderFailure, match="unpriced_model"):
            make(calls, db, ask())
        own = UnitPrices(Decimal(2), Decimal(4), Decimal(1))
        prices.put(db, SYSTEM, NewPrice("lab-7b", own))
        wire.will(answer())
        assert make(calls, db, ask()).cost_nano == 600 * 2000 + 400 * 1000 + 200 * 4000
        call = only(db)
        assert (call.cost_source, call.cost_nano) == ("override", 2_400_000)


def test_a_changed_price_counts_from_the_next_call(world: World, calls: Calls, wire: ScriptedServer) -> None:
    with world.db() as db:
        lab(db, world, wire, priced=False)
        costs = []
        for usd in (1, 2):
            prices.put(db, SYSTEM, NewPrice("lab-7b", UnitPrices(Decimal(usd), Decimal(usd))))
            wire.will(answer())
            costs.append(make(calls, db, ask()).cost_nano)
        assert costs == [1_200_000, 2_400_000]
