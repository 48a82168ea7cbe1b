"""Limits of requests and tokens a minute and of calls at the same time, on a tenant, a key or an account.

A limit fills with what is admitted and runs empty evenly within a minute. Tokens are counted as estimated and corrected
when the call has ended.
"""

import math
from collections.abc import Iterable

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import events, records, scope_names
from appliance.domain.actor import Actor
from appliance.domain.scopes import Scope
from appliance.errors import invalid

KINDS = ("tenant", "key", "provider")
MINUTE = 60.0
# How long to wait for a place among calls that run at the same time: nobody knows when one ends.
PLACE_S = 2.0
MOST = 10**12
# What is left over of a wait that was rounded to a millisecond.
A_TRIFLE = 1e-6


class Rates(msgspec.Struct, frozen=True):
    """None is no limit, 0 lets nothing through."""

    scope: str
    scope_id: str = ""
    requests: int | None = None
    tokens: int | None = None
    parallel: int | None = None

    @property
    def on(self) -> Scope:
        return Scope(self.scope, self.scope_id)


class NewRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of one scope; without any of the three it has none. `scope_id` as for a budget."""

    scope: str = "tenant"
    scope_id: str = ""
    requests: int | None = None
    tokens: int | None = None
    parallel: int | None = None


class Full(Exception):
    """A limit that is reached, and after how many seconds there is room."""

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s


def put(db: Database, actor: Actor, new: NewRates) -> Rates:
    """Set or, with none of the three, remove the limits of a tenant or an account; a key has its own. Raises
    Problem(invalid).
    """
    actor.need("admin")
    if new.scope not in ("tenant", "provider"):
        raise invalid(scope="use tenant or provider; the limits of a key are set on the key")
    given = {name: getattr(new, name) for name in ("requests", "tokens", "parallel")}
    for name, value in given.items():
        sane(name, value)
    rates = Rates(new.scope, scope_names.found(db, new.scope, new.scope_id.strip()), **given)
    where = {"scope": rates.scope, "scope_id": rates.scope_id}
    with db.transaction():
        db.delete("rate_limits", **where)
        if any(value is not None for value in given.values()):
            db.insert("rate_limits", where | given | {"updated_at": clock.iso()})
        events.record(db, actor, "rates.changed", **where, **given)
    return rates


def sane(name: str, value: int | None) -> None:
    if value is not None and not 0 <= value <= MOST:
        raise invalid(**{name: "give a whole number, 0 for none at all, or nothing for no limit"})


def all(db: Database) -> list[Rates]:
    return [records.to(Rates, row) for row in db.rows("SELECT * FROM rate_limits ORDER BY scope DESC, scope_id")]


class Meters:
    """How full the limits are that calls of one transaction meet: read once, counted along, written once."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._now = clock.now().timestamp()
        self._used: dict[tuple[Scope, str], float] = {}
        self._running: dict[Scope, int] = {}
        self._changed: set[tuple[Scope, str]] = set()

    def admit(self, limits: Iterable[Rates], tokens: int) -> None:
        """Count one request of so many tokens on all of these, or raise Full and count nothing."""
        chosen = tuple(limits)
        self._know(chosen)
        for limit in chosen:
            self._room(limit, tokens)
        for limit in chosen:
            self._running[limit.on] = self._running.get(limit.on, 0) + 1
            self._add(limit, "requests", limit.requests, 1)
            self._add(limit, "tokens", limit.tokens, tokens)

    def correct(self, limits: Iterable[Rates], tokens: int) -> None:
        """`tokens` more (or less) than was counted when the call was admitted."""
        chosen = [limit for limit in limits if limit.tokens is not None]
        self._know(chosen)
        for limit in chosen:
            self._add(limit, "tokens", limit.tokens, tokens)

    def write(self) -> None:
        for on, kind in sorted(self._changed):
            row: Row = {"scope": on.kind, "scope_id": on.id, "kind": kind, "at": self._now}
            self._db.upsert("rate_levels", row | {"used": self._used[on, kind]}, ("scope", "scope_id", "kind"))
        self._changed.clear()

    def _room(self, limit: Rates, tokens: int) -> None:
        if limit.parallel is not None and self._running.get(limit.on, 0) >= limit.parallel:
            raise Full(f"{_whose(limit)} may make {limit.parallel} calls at the same time.", PLACE_S)
        for kind, most, more in (("requests", limit.requests, 1), ("tokens", limit.tokens, tokens)):
            if most is None:
                continue
            # One call above the whole limit goes through when nothing else does.
            over = self._used.get((limit.on, kind), 0.0) + min(more, most) - most
            if most == 0 or over > A_TRIFLE:
                wait = math.ceil(over * MINUTE / most * 1000) / 1000 if most else MINUTE
                raise Full(f"{_whose(limit)} may use {most:,} {kind} a minute.", wait)

    def _add(self, limit: Rates, kind: str, most: int | None, more: int) -> None:
        if most is not None:
            key = (limit.on, kind)
            self._used[key] = max(0.0, self._used.get(key, 0.0) + more)
            self._changed.add(key)

    def _know(self, limits: Iterable[Rates]) -> None:
        for limit in limits:
            if limit.on in self._running:
                continue
            where = {"scope": limit.scope, "scope_id": limit.scope_id}
            named = "scope = :scope AND scope_id = :scope_id"
            held = f"SELECT COUNT(*) AS n FROM reservations WHERE {named}"
            self._running[limit.on] = self._db.value(held, where) if limit.parallel is not None else 0
            for row in self._db.rows(f"SELECT * FROM rate_levels WHERE {named}", where):
                most = getattr(limit, row["kind"])
                self._used[limit.on, row["kind"]] = level(row["used"], self._now - row["at"], most or 0)


def level(used: float, seconds: float, per_minute: int) -> float:
    """What is left of `used` after so many seconds: a whole limit runs empty in a minute."""
    return max(0.0, used - seconds * per_minute / MINUTE)


def _whose(limit: Rates) -> str:
    return {"tenant": "The organisation", "key": "This key", "provider": "This account"}[limit.scope]
