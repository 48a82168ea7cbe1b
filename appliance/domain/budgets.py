"""Budgets: limits in nano-dollars on a scope and a span, and the spend and reservations counted against them.

A scope is tenant, agent, task or run; a span is day, month or lifetime (calendar UTC).
"""

from collections.abc import Iterable
from decimal import Decimal, DecimalException
from typing import Any, NamedTuple

import msgspec

from appliance import clock, ids
from appliance.db.database import Database
from appliance.domain import events, records
from appliance.domain.actor import Actor
from appliance.errors import Problem, invalid, not_found

SCOPES = ("tenant", "agent", "task", "run")
SPANS = ("day", "month", "lifetime")
NANO = 1_000_000_000
MOST = 9_000_000 * NANO
_SELECT = """
SELECT b.*, COALESCE(a.name, '#' || CAST(COALESCE(t.number, u.number) AS TEXT) || ' ' || COALESCE(t.title, u.title), '')
  AS scope_name
FROM budgets b
LEFT JOIN agents a ON b.scope = 'agent' AND a.id = b.scope_id
LEFT JOIN tasks t ON b.scope = 'task' AND t.id = b.scope_id
LEFT JOIN runs r ON b.scope = 'run' AND r.id = b.scope_id LEFT JOIN tasks u ON u.id = r.task_id
"""


class Scope(NamedTuple):
    kind: str
    id: str


def scopes(agent_id: str | None, task_id: str | None, run_id: str | None) -> tuple[Scope, ...]:
    """Every scope that a call counts on: the tenant always, the others when it is made for one."""
    named = {"agent": agent_id, "task": task_id, "run": run_id}
    return (Scope("tenant", ""), *(Scope(kind, id_) for kind, id_ in named.items() if id_))


class OverBudget(Problem):
    """A call that does not fit; `needed_nano` is what it would have reserved."""

    def __init__(self, detail: str, needed_nano: int) -> None:
        super().__init__("budget_exceeded", detail)
        self.needed_nano = needed_nano


class Budget(msgspec.Struct, frozen=True):
    """`spent_nano` is settled in the current span; `reserved_nano` is held by calls in flight.

    `scope_name` is for people: the agent's name, the task's number and title, "" for the tenant.
    """

    id: str
    scope: str
    scope_id: str
    span: str
    limit_nano: int
    spent_nano: int
    reserved_nano: int
    updated_at: str
    scope_name: str = ""

    @property
    def left_nano(self) -> int:
        return self.limit_nano - self.spent_nano - self.reserved_nano


def nano(usd: str | float | int, field: str = "limit_usd") -> int:
    """Dollars to nano-dollars, exact for text. Raises Problem(invalid) for anything but 0 to 9,000,000."""
    try:
        amount = Decimal(str(usd).strip().removeprefix("$").replace(",", "")) * NANO
    except DecimalException:
        raise invalid(**{field: "give an amount in US dollars, for example 12.50"}) from None
    if not amount.is_finite() or not 0 <= amount <= MOST:
        raise invalid(**{field: "give an amount from 0 to 9,000,000 dollars"})
    return int(amount)


def put(db: Database, actor: Actor, scope: str, scope_id: str, span: str, limit_nano: int | None) -> None:
    """Set, change or (with None) remove a limit. 0 means stop. Spend already counted stays counted."""
    if scope not in SCOPES:
        raise invalid(scope=f"use one of {', '.join(SCOPES)}")
    if span not in SPANS:
        raise invalid(span=f"use one of {', '.join(SPANS)}")
    where = {"scope": scope, "scope_id": scope_id, "span": span}
    now = clock.iso()
    with db.transaction():
        if limit_nano is None:
            db.delete("budgets", **where)
        elif not db.update("budgets", where, limit_nano=limit_nano, updated_at=now):
            row = {"id": ids.new(), **where, "limit_nano": limit_nano, "created_at": now, "updated_at": now}
            db.insert("budgets", row)
        events.record(db, actor, "budget.changed", scope=scope, scope_id=scope_id, span=span, limit_nano=limit_nano)


def get(db: Database, budget_id: str) -> Budget:
    """Raises Problem(not_found)."""
    row = db.one(f"{_SELECT} WHERE b.id = :id", {"id": budget_id})
    if row is None:
        raise not_found("budget")
    return _with_use(db, row)


def all(db: Database) -> list[Budget]:
    """The tenant's first, then by scope."""
    rows = db.rows(f"{_SELECT} ORDER BY CASE WHEN b.scope = 'tenant' THEN 0 ELSE 1 END, b.scope, b.scope_id, b.span")
    return [_with_use(db, row) for row in rows]


def of(db: Database, scope: str, scope_id: str = "") -> list[Budget]:
    where = "WHERE b.scope = :scope AND b.scope_id = :scope_id ORDER BY b.span"
    return [_with_use(db, row) for row in db.rows(f"{_SELECT} {where}", {"scope": scope, "scope_id": scope_id})]


def reserve(db: Database, call_id: str, scopes: Iterable[Scope], amount_nano: int, owner: str) -> None:
    """Hold `amount_nano` on every scope, or raise OverBudget and hold nothing. Call in a transaction."""
    chosen = list(scopes)
    if short := _short(db, chosen, amount_nano):
        raise OverBudget(_sentence(short, amount_nano), amount_nano)
    held = {"call_id": call_id, "amount_nano": amount_nano, "owner": owner, "created_at": clock.iso()}
    db.insert_all("reservations", [{**held, "scope": scope.kind, "scope_id": scope.id} for scope in chosen])


def fits(db: Database, scopes: Iterable[Scope], amount_nano: int) -> bool:
    """Would `reserve` hold this amount now?"""
    return _short(db, list(scopes), amount_nano) is None


def settle(db: Database, call_id: str, cost_nano: int, day: str) -> None:
    """Turn the call's reservations into spend of `cost_nano`, in full even when it is above what was held."""
    # One order for all: two calls that end at once must not wait for each other's rows.
    db.execute(
        "INSERT INTO spend (scope, scope_id, day, settled_nano) "
        "SELECT scope, scope_id, :day, CAST(:cost AS BIGINT) FROM reservations WHERE call_id = :id "
        "ORDER BY scope, scope_id "
        "ON CONFLICT (scope, scope_id, day) DO UPDATE SET settled_nano = spend.settled_nano + EXCLUDED.settled_nano",
        {"id": call_id, "day": day, "cost": cost_nano},
    )
    db.delete("reservations", call_id=call_id)


def _short(db: Database, scopes: list[Scope], amount_nano: int) -> Budget | None:
    """The first budget without room for the amount."""
    found = _locked(db, scopes)
    return next((b for b in found if b.left_nano < amount_nano or b.limit_nano == 0), None)


def _locked(db: Database, scopes: list[Scope]) -> list[Budget]:
    """The budgets on any of the scopes; where writers run side by side (PostgreSQL), the next waits for this one."""
    tests = " OR ".join(f"(scope = :kind_{n} AND scope_id = :id_{n})" for n in range(len(scopes)))
    params = {f"kind_{n}": scope.kind for n, scope in enumerate(scopes)}
    params |= {f"id_{n}": scope.id for n, scope in enumerate(scopes)}
    rows = db.rows(f"SELECT * FROM budgets WHERE {tests} ORDER BY id {db.for_update}", params)
    return [_with_use(db, row) for row in rows]


def _with_use(db: Database, row: dict[str, Any]) -> Budget:
    params = {"scope": row["scope"], "scope_id": row["scope_id"], "first": first_day(row["span"])}
    sql = """
    SELECT CAST((SELECT COALESCE(SUM(settled_nano), 0) FROM spend
                 WHERE scope = :scope AND scope_id = :scope_id AND day >= :first) AS BIGINT) AS spent_nano,
           CAST((SELECT COALESCE(SUM(amount_nano), 0) FROM reservations
                 WHERE scope = :scope AND scope_id = :scope_id) AS BIGINT) AS reserved_nano"""
    return records.to(Budget, {**row, **db.rows(sql, params)[0]})


def first_day(span: str) -> str:
    """YYYY-MM-DD of the current span's first day, UTC."""
    today = clock.iso()[:10]
    return {"day": today, "month": today[:8] + "01", "lifetime": "0000-00-00"}[span]


def _sentence(budget: Budget, needed: int) -> str:
    scope = "The organisation" if budget.scope == "tenant" else f"This {budget.scope}"
    span = {"day": "today", "month": "this month", "lifetime": "in all"}[budget.span]
    return (
        f"{scope} may spend {_usd(budget.limit_nano)} {span}; {_usd(max(budget.left_nano, 0))} is left and the next "
        f"call may need {_usd(needed)}. Raise the budget to go on."
    )


def _usd(nano: int) -> str:
    """Cents for dollars; three digits that count for less, however small."""
    if nano == 0 or nano >= NANO:
        return f"${nano / NANO:,.2f}"
    return f"${nano / NANO:.{min(9, 12 - len(str(nano)))}f}"
