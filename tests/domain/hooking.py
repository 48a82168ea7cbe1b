"""A hook and those who post to it, for the tests of webhooks."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import msgspec

from appliance import clock
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.domain import hook_deliveries, hook_receiving, hook_secrets, hooks
from appliance.domain.hook_deliveries import Arrived, Delivery
from appliance.domain.hook_forms import NewHook
from appliance.domain.hook_receiving import Done
from appliance.domain.hook_targets import Target
from appliance.domain.hook_task_targets import StartTask
from appliance.domain.hooks import FoundHook, IssuedHook
from appliance.domain.workflows import library
from tests.world import World

PLAIN = StartTask({"title": "Look at ${{ body.subject }}"})
WAITS = """
slug: order
inputs: {order: {type: integer}, rush: {type: boolean, default: false}}
steps:
  - id: paid
    wait: {signal: paid, schema: {type: object, required: [amount]}}
"""


class Outside:
    """A program that knows the address of a hook; `secret` is what it signs with."""

    def __init__(self, world: World, control: Database, db: Database, target: Target = PLAIN, **more: Any) -> None:
        self.world, self.control, self.db = world, control, db
        self.vault: Vault = world.vault
        new = NewHook("Ticket desk", target, **more)
        self.issued: IssuedHook = hooks.create(control, db, world.vault, world.otto.actor, new, "http://box.test")
        self.secret = self.issued.secret

    @property
    def id(self) -> str:
        return self.issued.id

    @property
    def found(self) -> FoundHook:
        return hooks.find(self.control, self.issued.url.rpartition("/")[2])

    def post(self, body: Any = None, db: Database | None = None, **headers: str) -> Done:
        """`body` is sent as JSON unless it is bytes; the names of headers are written with `_`."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        given = {"content-type": "application/json"} | {n.replace("_", "-"): value for n, value in headers.items()}
        secrets = hook_secrets.opened(self.control, self.vault, self.db.name, self.id)
        arrived = Arrived(given, raw, "192.0.2.7", clock.monotonic())
        return hook_receiving.receive(db or self.db, self.found, secrets, arrived)

    def github(self, body: Any = None, secret: str = "", **headers: str) -> Done:
        raw = msgspec.json.encode(body)
        mac = hmac.new((secret or self.secret).encode(), raw, hashlib.sha256).hexdigest()
        return self.post(raw, **headers, x_hub_signature_256=f"sha256={mac}")

    @property
    def log(self) -> list[Delivery]:
        """Oldest first."""
        return hook_deliveries.listing(self.db, self.id, limit=200).items[::-1]

    @property
    def outcomes(self) -> list[str]:
        return [one.outcome for one in self.log]

    @property
    def made(self) -> list[str]:
        """The titles of all tasks, in the order they were made."""
        return [row["title"] for row in self.db.rows("SELECT title FROM tasks ORDER BY number")]


Make = Callable[..., Outside]


def order(db: Database, world: World) -> None:
    """A workflow that waits for the signal paid."""
    library.apply(db, world.alice.actor, WAITS)
