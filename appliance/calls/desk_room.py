"""What the desk remembers of one tenant between two transactions, for as long as no event says that it has changed."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from appliance.calls.accounts import Accounts
from appliance.calls.asked import Asked, Refused
from appliance.calls.knowledge import Here, Known
from appliance.db.bounds import Bounds
from appliance.db.database import Database
from appliance.domain import key_terms, marks, quotas, rates, routes, stops
from appliance.domain.actor import SYSTEM
from appliance.domain.key_forms import ApiKey
from appliance.domain.providers import Provider
from appliance.domain.rates import Rates
from appliance.domain.route_book import Book
from appliance.domain.routes import Candidate, Plan, Want
from appliance.domain.scopes import Scope
from appliance.domain.stops import Stop
from appliance.errors import Problem
from appliance.gateway.types import Account

# The kinds of events after which nothing remembered holds.
CHANGES = ("provider.", "route.", "price.", "stop.", "rates.")
_NEWS = "SELECT seq, kind FROM events WHERE seq > :seen ORDER BY seq"


class Way(NamedTuple):
    """Where a request may be sent: a target of its plan, with the account opened for the wire."""

    target: Candidate
    account: Account
    provider: Provider
    model: str

    @property
    def metered(self) -> bool:
        return not self.provider.simulated and self.provider.billing == "metered"


class Ways(NamedTuple):
    """All of them, best first, and the plan they come from."""

    plan: Plan
    all: tuple[Way, ...]


class Now(NamedTuple):
    """What every wish of one transaction is planned by."""

    book: Book
    prices: Here


class Room:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self.known = Known(accounts)
        self._seen = -1
        self._opened: dict[str, tuple[Provider, Account]] = {}
        self.stops: list[Stop] = []
        self._rates: dict[Scope, Rates] = {}
        self._secured: set[str] = set()
        self._bounds: Bounds | None = None
        self._full = ""

    def refresh(self, db: Database) -> bool:
        """Whether something had changed: look at the log in the open transaction, so that nothing slips in between."""
        seen, self._seen = self._seen, marks.look(db)
        # A log that has become shorter is that of a database put back: nothing remembered holds.
        if 0 <= seen <= self._seen:
            news = db.rows(_NEWS, {"seen": seen}) if self._seen > seen else []
            if not any(row["kind"].startswith(CHANGES) for row in news):
                return False
        self._opened.clear()
        self.stops = stops.all(db)
        self._rates = {limit.on: limit for limit in rates.all(db)}
        return True

    def full(self, db: Database) -> str:
        """Why nothing new is taken, "" while there is room. Looked at anew when the bounds were: once a second."""
        if self._bounds is not db.bounds:
            self._bounds, self._full = db.bounds, ""
            try:
                quotas.room(db)
            except Problem as problem:
                self._full = problem.detail
        return self._full

    def now(self, db: Database) -> Now:
        """Two small look-ups while nothing has changed."""
        return Now(routes.book(db), self.known.at(db))

    def ways(
        self,
        db: Database,
        key: ApiKey,
        asked: Asked,
        tokens: tuple[int, int],
        now: Now,
        model: str = "",
    ) -> Ways:
        """Where what is asked (or `model` instead of it) may go. Raises Refused."""
        named = model or asked.model
        want = Want(named, asked.needs, asked.session_id, *tokens, asked.surface)
        try:
            plan = routes.plan(db, want, now.prices, now.book)
        except Problem as problem:
            raise Refused("model", problem.detail) from problem
        if not (model or key.allows(named)):
            plan = msgspec.structs.replace(plan, targets=tuple(one for one in plan.targets if key.allows(one.model)))
        if not plan.targets:
            may = ", ".join(key.models)
            raise Refused("model", f"This key may not use the model '{named}'. It may use {may}.")
        return Ways(plan, tuple([self._way(db, one) for one in plan.targets]))

    def _way(self, db: Database, target: Candidate) -> Way:
        return Way(target, self._account(db, target.provider), target.provider, target.model)

    def _account(self, db: Database, provider: Provider) -> Account:
        """Opened once for as long as the row stays as it is."""
        found = self._opened.get(provider.id)
        if found is None or found[0] is not provider:
            found = self._opened[provider.id] = (provider, self._accounts.opened(db, provider))
        return found[1]

    def secure(self, db: Database, key: ApiKey) -> None:
        """See once that the key's own budget is there: it was made in another database than the key."""
        if key.id not in self._secured:
            key_terms.secure(db, SYSTEM, key)
            db.after_commit(lambda: self._secured.add(key.id))

    def limits(self, key: ApiKey, way: Way) -> tuple[Rates, ...]:
        """The rate limits that a call with this key counts on."""
        own = Rates("key", key.id, key.requests_per_min, key.tokens_per_min, key.parallel)
        limited = (key.requests_per_min, key.tokens_per_min, key.parallel) != (None, None, None)
        counted: Iterable[Scope] = (Scope("tenant", ""), Scope("provider", way.provider.id))
        return (*(self._rates[on] for on in counted if on in self._rates), *((own,) if limited else ()))
