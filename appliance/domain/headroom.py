"""What is left on the budgets of many calls that are admitted in one transaction: read once, then counted along."""

from collections.abc import Iterable

import msgspec

from appliance.db.database import Database
from appliance.domain import budgets, preferences
from appliance.domain.budgets import Budget, OverBudget
from appliance.domain.scopes import Scope


class Headroom:
    """In an open transaction, so that nobody else can take what is left meanwhile."""

    def __init__(self, db: Database, scopes: Iterable[Scope]) -> None:
        self._db = db
        self._on: dict[Scope, list[Budget]] = {}
        self._read: set[Scope] = set()
        self._held: list[tuple[str, tuple[Scope, ...], int]] = []
        self.know(scopes)

    def know(self, scopes: Iterable[Scope]) -> None:
        """Read the budgets on scopes that are new."""
        new = {scope for scope in scopes if scope not in self._read}
        if not new:
            return
        self._read |= new
        for budget in budgets.locked(self._db, sorted(new)):
            self._on.setdefault(Scope(budget.scope, budget.scope_id), []).append(budget)

    def seen(self, scopes: Iterable[Scope]) -> list[Budget]:
        """The budgets on these as they are known, or else as they are: what is looked at is not kept from others."""
        chosen = set(scopes)
        fresh = sorted(chosen - self._read)
        return self.on(chosen & self._read) + (budgets.on(self._db, fresh) if fresh else [])

    def on(self, scopes: Iterable[Scope]) -> list[Budget]:
        """The budgets on these, less what was taken here."""
        known = self._on
        return [budget for scope in scopes if scope in known for budget in known[scope]]

    def short(self, scopes: tuple[Scope, ...], amount_nano: int, metered: bool = False) -> OverBudget | None:
        """As budgets.short: the tightest budget without room, or none at all."""
        found = self.on(scopes)
        if not found and metered and not preferences.get(self._db, "uncapped", False):
            return OverBudget(amount_nano, scopes)
        tight = min((b for b in found if not b.has_room(amount_nano)), key=lambda b: b.left_nano, default=None)
        return OverBudget(amount_nano, scopes, tight) if tight else None

    def take(self, call_id: str, scopes: tuple[Scope, ...], amount_nano: int) -> None:
        """Hold an amount that has room; `write` stores it."""
        self._held.append((call_id, scopes, amount_nano))
        for scope in scopes:
            if scope in self._on:
                self._on[scope] = [_less(budget, amount_nano) for budget in self._on[scope]]

    def write(self, owner: str) -> None:
        budgets.hold(self._db, owner, self._held)
        self._held = []


def _less(budget: Budget, nano: int) -> Budget:
    figures = {"reserved_nano": budget.reserved_nano + nano, "left_nano": budget.left_nano - nano}
    return msgspec.structs.replace(budget, **figures)
