"""Tools outside at the desk: an account whose prices make sums easy, a key, and calls that cost what the test says."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from appliance.calls.asked import Admitted, Asked, Ended, Holder, Refused
from appliance.calls.desk import Desk
from appliance.calls.promises import Promise
from appliance.db.database import Database
from appliance.domain import keys, providers
from appliance.domain.actor import SYSTEM
from appliance.domain.key_forms import ApiKey, NewKey
from appliance.domain.ledger import Attempt
from appliance.domain.provider_forms import ModelPrice, NewProvider
from tests.world import World

# A dollar for a million tokens either way: a token is a thousand nano-dollars.
TOKEN = 1_000
PRICES = {"big": ModelPrice(1, 1), "small": ModelPrice(0.1, 0.1)}


class Counter:
    """`desk` serves one tenant's key, `db` is that tenant's."""

    def __init__(self, world: World, db: Database, desk: Desk) -> None:
        self.world = world
        self.db = db
        self.desk = desk
        new = NewProvider("Lab", "openai-compatible", "http://127.0.0.1:9", "", ["big", "small"], PRICES)
        self.account = providers.add(db, SYSTEM, world.vault, new)
        self.key = self.new_key()

    def new_key(self, **given: Any) -> ApiKey:
        with self.world.control() as control:
            return keys.create(control, self.world.alice.actor, self.world.acme.id, NewKey("Tool", **given))

    def ask(self, output: int | None = 1, model: str = "big", key: ApiKey | None = None, **given: Any) -> Promise[Any]:
        """A request of about one token whose answer may have `output` tokens."""
        asked = Asked("chat", model, given.pop("input_bytes", 1), output_cap=output, **given)
        return self.desk.admit(Holder(self.world.acme.id, key or self.key), asked)

    def admitted(self, output: int | None = 1, **given: Any) -> Admitted:
        found: Admitted = self.ask(output, **given).result(20)
        return found

    def refusal(self, output: int | None = 1, **given: Any) -> Refused:
        error = self.ask(output, **given).exception(20)
        assert isinstance(error, Refused), error
        return error

    def settle(self, admitted: Admitted, cost: int | None, **told: Any) -> int:
        return self.ended(admitted, cost, **told).result(20)

    def ended(self, admitted: Admitted, cost: int | None, **told: Any) -> "Promise[int]":
        target = admitted.targets[0]
        attempt = Attempt(target.account.id, target.model, cost_nano=cost, cost_source="override")
        attempt = msgspec.structs.replace(attempt, **told)
        return self.desk.settle(self.world.acme.id, Ended(admitted.call_id, [attempt]))


@contextmanager
def counter(world: World) -> Iterator[Counter]:
    desk = Desk(world.catalogue, world.calls.accounts, "desk")
    try:
        with world.db() as db:
            yield Counter(world, db, desk)
    finally:
        desk.close()
