"""What the desk remembers of one tenant between two transactions, for as long as no event says that it has changed."""

from collections.abc import Iterable
from typing import NamedTuple

from appliance.calls.accounts import Accounts
from appliance.calls.asked import Asked, Refused
from appliance.db.database import Database
from appliance.domain import rates, routing, stops
from appliance.domain.key_forms import ApiKey
from appliance.domain.providers import Provider
from appliance.domain.rates import Rates
from appliance.domain.scopes import Scope
from appliance.domain.stops import Stop
from appliance.errors import Problem
from appliance.gateway.types import Account

# The kinds of events after which nothing remembered holds.
CHANGES = ("provider.", "route.", "price.", "stop.", "rates.")
_NEWS = "SELECT seq, kind FROM events WHERE seq > :seen ORDER BY seq"
_LAST = "SELECT COALESCE(MAX(seq), 0) AS seq FROM events"


class Way(NamedTuple):
    """Where a request may be sent: an account, opened for the wire, and the model's name there."""

    provider: Provider
    model: str
    account: Account

    @property
    def scopes(self) -> tuple[Scope, Scope]:
        return Scope("provider", self.provider.id), Scope("model", self.model)

    @property
    def metered(self) -> bool:
        return not self.provider.simulated and self.provider.billing == "metered"


class Room:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._seen = -1
        self._ways: dict[str, tuple[Way, ...] | Refused] = {}
        self.stops: list[Stop] = []
        self._rates: dict[Scope, Rates] = {}

    def refresh(self, db: Database) -> bool:
        """Whether something had changed: look at the log in the open transaction, so that nothing slips in between."""
        if self._seen < 0:
            self._seen = int(db.value(_LAST))
        else:
            news = db.rows(_NEWS, {"seen": self._seen})
            self._seen = news[-1]["seq"] if news else self._seen
            if not any(row["kind"].startswith(CHANGES) for row in news):
                return False
        self._ways.clear()
        self.stops = stops.all(db)
        self._rates = {limit.on: limit for limit in rates.all(db)}
        return True

    def ways(self, db: Database, key: ApiKey, asked: Asked, model: str = "") -> tuple[Way, ...]:
        """The accounts that serve what is asked (or `model` instead of it), best first. Raises Refused."""
        named = model or asked.model
        if (found := self._ways.get(named)) is None:
            found = self._ways[named] = self._found(db, named)
        if isinstance(found, Refused):
            raise Refused(found.reason, found.message)
        covered = found if model or key.allows(named) else tuple(way for way in found if key.allows(way.model))
        if not covered:
            may = ", ".join(key.models)
            raise Refused("model", f"This key may not use the model '{named}'. It may use {may}.")
        return covered

    def limits(self, key: ApiKey, way: Way) -> tuple[Rates, ...]:
        """The rate limits that a call with this key counts on."""
        own = Rates("key", key.id, key.requests_per_min, key.tokens_per_min, key.parallel)
        limited = (key.requests_per_min, key.tokens_per_min, key.parallel) != (None, None, None)
        counted: Iterable[Scope] = (Scope("tenant", ""), way.scopes[0])
        return (*(self._rates[on] for on in counted if on in self._rates), *((own,) if limited else ()))

    def _found(self, db: Database, model: str) -> tuple[Way, ...] | Refused:
        # Routes with several targets come in here.
        try:
            provider, name = routing.resolve(db, model)
        except Problem as problem:
            return Refused("model", problem.detail)
        return (Way(provider, name, self._accounts.opened(db, provider)),)
