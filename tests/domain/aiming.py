"""Routes of a tenant with accounts whose prices, limits and times a test sets."""

from datetime import timedelta
from typing import Any

from appliance import clock, ids
from appliance.db.database import Database
from appliance.domain import providers, routes
from appliance.domain.actor import SYSTEM
from appliance.domain.model_facts import Facts
from appliance.domain.provider_forms import ModelPrice, NewProvider
from appliance.domain.providers import Provider
from appliance.domain.route_forms import NewRoute, NewTarget
from appliance.domain.route_shapes import Knowledge
from appliance.domain.routes import Candidate, Plan, Route, Want
from tests.world import World


class Range:
    """Accounts One, Two and Three at servers nobody runs; `m` costs what `costs` says, in dollars a million tokens."""

    def __init__(self, world: World, db: Database) -> None:
        self.world = world
        self.db = db

    @property
    def knows(self) -> Knowledge:
        return self.world.calls.known.at(self.db)

    def account(self, name: str, costs: float = 1.0, facts: Facts | None = None, **fields: Any) -> Provider:
        given: dict[str, Any] = {"kind": "openai-compatible", "base_url": "http://127.0.0.1:9/v1", "models": ["m"]}
        given |= {"prices": {"m": ModelPrice(costs, costs)}, "facts": {"m": facts} if facts else {}} | fields
        return providers.add(self.db, SYSTEM, self.world.vault, NewProvider(name, **given))

    def route(self, *targets: str | NewTarget, name: str = "house", strategy: str = "fixed", **fields: Any) -> Route:
        """A target is an account's name, whose model m is meant."""
        aimed = [NewTarget(one, "m") if isinstance(one, str) else one for one in targets]
        return routes.create(self.db, SYSTEM, NewRoute(name, aimed, strategy, **fields))

    def plan(self, model: str = "house", **want: Any) -> Plan:
        return routes.plan(self.db, Want(model, **want), self.knows)

    def order(self, model: str = "house", **want: Any) -> list[str]:
        return [one.provider.name for one in self.plan(model, **want).targets]

    def first(self, model: str = "house", **want: Any) -> str:
        return self.order(model, **want)[0]

    def called(self, model: str = "house", **want: Any) -> Candidate:
        """A call that was planned and kept."""
        plan = self.plan(model, **want)
        routes.keep(self.db, ids.new(), plan)
        return plan.first

    def fails(self, account: Provider, times: int = 5, code: str = "provider_overloaded") -> None:
        for _ in range(times):
            routes.record_outcome(self.db, account.id, "m", code)

    def took(self, account: Provider, ms: int, minutes_ago: float = 1) -> None:
        """An attempt in the ledger that had its first byte after `ms`."""
        at = clock.iso(clock.now() - timedelta(minutes=minutes_ago))
        call: dict[str, Any] = {"id": ids.new(), "provider_id": account.id, "model": "m", "state": "ok"}
        call |= {"estimate_nano": 0, "simulated": False, "day": at[:10], "started_at": at}
        self.db.insert("calls", call)
        texts = ("model_reported", "request_id", "failure_code", "failure_detail", "matched_model", "price_version")
        counts = ("input_total", "cache_read", "cache_write_5m", "cache_write_1h", "output_total", "reasoning")
        row: dict[str, Any] = dict.fromkeys(texts, "") | dict.fromkeys(counts, 0)
        row |= {"id": ids.new(), "call_id": call["id"], "n": 1, "provider_id": account.id, "model_requested": "m"}
        row |= {"cost_source": "catalogue", "first_byte_ms": ms, "duration_ms": ms, "started_at": at}
        self.db.insert("attempts", row)

    def busy(self, account: Provider, calls: int) -> None:
        for _ in range(calls):
            held = {"call_id": ids.new(), "scope": "provider", "scope_id": account.id, "amount_nano": 1}
            self.db.insert("reservations", held | {"owner": "test", "created_at": clock.iso()})
