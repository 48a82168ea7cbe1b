"""Budgets: limits in nano-dollars on a scope and a span, and the spend and reservations counted against them.

Scopes are in scopes.py, spans in windows.py. What was spent is counted for all of them, whether a budget is set or not.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import budget_words, events, marks, preferences, records, spent, windows
from appliance.domain.actor import Actor
from appliance.domain.budget_words import NANO as NANO
from appliance.domain.scopes import SCOPES, Scope
from appliance.domain.windows import PIECES, SPANS, Window
from appliance.errors import Problem, invalid, not_found

MOST = 9_000_000 * NANO
ACTIONS = ("block", "pause", "downgrade")
# A budget that steps down does so before its limit, which stops whatever its action.
DOWNGRADE_PERCENT = 80
ANY = marks.BUDGETS
_FROM = "CASE b.span " + " ".join(f"WHEN '{span}' THEN :from_{span}" for span in SPANS) + " END"
_PIECE = "CASE b.span " + " ".join(f"WHEN '{span}' THEN '{piece}'" for span, piece in PIECES.items()) + " END"
_SELECT = f"""
SELECT b.*, COALESCE(p.name, a.name, '#' || CAST(COALESCE(t.number, u.number) AS TEXT) || ' ' ||
    COALESCE(t.title, u.title), CASE WHEN b.scope IN ('project', 'model', 'session') THEN b.scope_id END, '')
    AS scope_name,
  CAST((SELECT COALESCE(SUM(s.settled_nano), 0) FROM spent s WHERE s.scope = b.scope AND s.scope_id = b.scope_id
        AND s.span = {_PIECE} AND s.starts >= CASE WHEN b.reset_from > {_FROM} THEN b.reset_from ELSE {_FROM} END)
    - CASE WHEN b.reset_from >= {_FROM} THEN b.reset_nano ELSE 0 END AS BIGINT) AS spent_nano,
  CAST((SELECT COALESCE(SUM(h.amount_nano), 0) FROM reservations h
        WHERE h.scope = b.scope AND h.scope_id = b.scope_id) AS BIGINT) AS reserved_nano
FROM budgets b
LEFT JOIN providers p ON b.scope = 'provider' AND p.id = b.scope_id
LEFT JOIN agents a ON b.scope = 'agent' AND a.id = b.scope_id
LEFT JOIN tasks t ON b.scope = 'task' AND t.id = b.scope_id
LEFT JOIN runs r ON b.scope = 'run' AND r.id = b.scope_id LEFT JOIN tasks u ON u.id = r.task_id
"""
_ORDER = "ORDER BY CASE WHEN b.scope = 'tenant' THEN 0 ELSE 1 END, b.scope, b.scope_id, b.span"


class Budget(msgspec.Struct, frozen=True):
    """`spent_nano` is settled in the current span, `reserved_nano` is held by calls in flight.

    `action` is what happens at the limit: block, pause (a person is asked) or downgrade (from 80 % on, to the model
    `downgrade_to`). `strict`: no call may cost more than what was reserved for it. `set_back`: somebody
    let it count from nought within this span.
    `extra_nano` was allowed on top of the limit until `extra_until`; `allowed_nano` is both while that holds.
    `starts` and `ends` bound the current span (UTC; "" and None for all time). `scope_name` is for people: the
    account's or agent's name, the task's number and title, the project, "" for the tenant.
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
    extra_nano: int = 0
    extra_until: str | None = None
    alerted: str = ""
    allowed_nano: int = 0
    left_nano: int = 0
    starts: str = ""
    ends: str | None = None
    action: str = "pause"
    downgrade_to: str = ""
    strict: bool = False
    set_back: bool = False

    def has_room(self, amount_nano: int) -> bool:
        """0 means stop, even for a call that costs nothing."""
        return self.allowed_nano > 0 and self.left_nano >= amount_nano

    @property
    def steps_down(self) -> bool:
        """Whether it is time for the cheaper model."""
        used = self.spent_nano + self.reserved_nano
        return self.action == "downgrade" and used * 100 >= self.allowed_nano * DOWNGRADE_PERCENT


class OverBudget(Problem):
    """A call that does not fit: it needed `needed_nano` on `scopes`, and `budget` had the least left for it.

    Without a budget no limit covers the call, which is not the same as no limit.
    """

    def __init__(self, needed_nano: int, scopes: tuple[Scope, ...] = (), budget: Budget | None = None) -> None:
        super().__init__("budget_exceeded", budget_words.refusal(budget, needed_nano))
        self.needed_nano = needed_nano
        self.scopes = scopes
        self.budget = budget


def nano(usd: str | float | int, field: str = "limit_usd") -> int:
    """Dollars to nano-dollars, exact for text. Raises Problem(invalid) for anything but 0 to 9,000,000."""
    try:
        amount = Decimal(str(usd).strip().removeprefix("$").replace(",", "")) * NANO
    except ArithmeticError:
        raise invalid(**{field: "give an amount in US dollars, for example 12.50"}) from None
    if not amount.is_finite() or not 0 <= amount <= MOST:
        raise invalid(**{field: "give an amount from 0 to 9,000,000 dollars"})
    return int(amount)


class Terms(msgspec.Struct, frozen=True):
    """What a budget does at its limit; as in Budget."""

    action: str = "pause"
    downgrade_to: str = ""
    strict: bool = False


def put(
    db: Database,
    actor: Actor,
    scope: str,
    scope_id: str,
    span: str,
    limit_nano: int | None,
    terms: Terms | None = None,
) -> None:
    """Set, change or (with None) remove a limit. 0 means stop. Spend already counted stays counted.

    What was allowed on top of the old limit ends with it, and the new one is watched for its thresholds afresh.
    Without `terms` they stay as they are.
    """
    if scope not in SCOPES:
        raise invalid(scope=f"use one of {', '.join(SCOPES)}")
    if span not in SPANS:
        raise invalid(span=f"use one of {', '.join(SPANS)}")
    where = {"scope": scope, "scope_id": scope_id, "span": span}
    now, told = clock.iso(), msgspec.structs.asdict(terms) if terms else {}
    with db.transaction():
        db.known.pop(ANY, None)
        fresh = {"extra_nano": 0, "extra_until": None, "alerted": "", "updated_at": now, **told}
        if limit_nano is None:
            db.delete("budgets", **where)
        elif not db.update("budgets", where, limit_nano=limit_nano, **fresh):
            db.insert("budgets", {"id": ids.new(), **where, "limit_nano": limit_nano, "created_at": now, **fresh})
        events.record(db, actor, "budget.changed", **where, limit_nano=limit_nano, **told)


def get(db: Database, budget_id: str) -> Budget:
    """Raises Problem(not_found)."""
    found = _read(db, "WHERE b.id = :id", {"id": budget_id})
    if not found:
        raise not_found("budget")
    return found[0]


def all(db: Database) -> list[Budget]:
    """The tenant's first, then by scope."""
    return _read(db, _ORDER, {})


def of(db: Database, scope: str, scope_id: str = "") -> list[Budget]:
    where = "WHERE b.scope = :scope AND b.scope_id = :scope_id ORDER BY b.span"
    return _read(db, where, {"scope": scope, "scope_id": scope_id})


def any_set(db: Database) -> bool:
    """Whether there is any budget at all; asked once in a transaction."""
    if ANY not in db.known:
        found = db.one("SELECT id FROM budgets LIMIT 1") is not None
        if not db.in_transaction:
            return found
        db.known[ANY] = found
    return bool(db.known[ANY])


def on(db: Database, scopes: Iterable[Scope]) -> list[Budget]:
    """The budgets on any of the scopes."""
    where, params = _any_of(scopes)
    return _read(db, f"WHERE {where} ORDER BY b.id", params)


def reserve(
    db: Database, call_id: str, scopes: Iterable[Scope], amount_nano: int, owner: str, metered: bool = False
) -> None:
    """Hold `amount_nano` on every scope, or raise OverBudget and hold nothing. Call in a transaction.

    A `metered` call, which somebody has to pay for, must be covered by a budget at all.
    """
    chosen = tuple(scopes)
    require(db, chosen, amount_nano, metered)
    hold(db, owner, [(call_id, chosen, amount_nano)])


def require(db: Database, scopes: tuple[Scope, ...], amount_nano: int, metered: bool = False) -> None:
    """Raises OverBudget where `reserve` would: for what is spent by the transaction that asks, or not at all."""
    if over := short(db, scopes, amount_nano, metered):
        raise over


def cheaper(db: Database, scopes: Iterable[Scope]) -> str:
    """The model to go on with where a budget on these is nearly used up; "" for the one that was asked for."""
    if not db.value("SELECT id FROM budgets WHERE action = 'downgrade' LIMIT 1"):
        return ""
    return next((budget.downgrade_to for budget in on(db, scopes) if budget.steps_down), "")


def hold(db: Database, owner: str, calls: Iterable[tuple[str, tuple[Scope, ...], int]]) -> None:
    """Keep amounts that have room, for calls by their id, in one statement of the open transaction."""
    same = {"owner": owner, "created_at": clock.iso()}
    rows: list[Row] = [
        {"call_id": id_, "scope": scope.kind, "scope_id": scope.id, "amount_nano": nano, **same}
        for id_, scopes, nano in calls
        for scope in scopes
    ]
    db.insert_all("reservations", rows)


def hold_more(db: Database, call_id: str, more_nano: int) -> int:
    """Hold more for a call under way, on all its scopes; how much: what is left, where that is less."""
    with db.transaction():
        sql = "SELECT scope, scope_id FROM reservations WHERE call_id = :id"
        held = tuple(Scope(row["scope"], row["scope_id"]) for row in db.rows(sql, {"id": call_id}))
        left = min((b.left_nano if b.allowed_nano else 0 for b in locked(db, held)), default=more_nano) if held else 0
        more = max(0, min(more_nano, left))
        if more:
            sql = "UPDATE reservations SET amount_nano = amount_nano + :more WHERE call_id = :id"
            db.execute(sql, {"id": call_id, "more": more})
    return more


def short(db: Database, scopes: tuple[Scope, ...], amount_nano: int, metered: bool = False) -> OverBudget | None:
    """Why `reserve` would not hold this amount now: the tightest budget without room, or none at all."""
    found = locked(db, scopes)
    if not found and metered and not preferences.get(db, "uncapped", False):
        return OverBudget(amount_nano, scopes)
    tight = min((b for b in found if not b.has_room(amount_nano)), key=lambda b: b.left_nano, default=None)
    return OverBudget(amount_nano, scopes, tight) if tight else None


def settle(db: Database, call_id: str, cost_nano: int, sent: Mapping[Scope, int] | None = None) -> None:
    """Turn the call's reservations into spend of `cost_nano`, in full even when it is above what was held."""
    settle_all(db, {call_id: cost_nano}, sent or {})


def settle_all(db: Database, costs: Mapping[str, int], sent: Mapping[Scope, int]) -> None:
    """The same for many calls by id; `sent` is what went to which accounts and models. In the open transaction."""
    spent.add(db, costs, sent, clock.now())
    names, params = records.named(list(costs))
    if costs:
        db.execute(f"DELETE FROM reservations WHERE call_id IN ({names})", params)


def locked(db: Database, scopes: Iterable[Scope]) -> list[Budget]:
    """The budgets on any of the scopes; where writers run side by side (PostgreSQL), the next waits for this one."""
    if not any_set(db):
        return []
    chosen = tuple(scopes)
    # Two statements: what was spent has to be read after the wait for the lock, not before.
    if db.for_update:
        where, params = _any_of(chosen)
        db.rows(f"SELECT b.id FROM budgets b WHERE {where} ORDER BY b.id {db.for_update}", params)
    return on(db, chosen)


def _any_of(scopes: Iterable[Scope]) -> tuple[str, Row]:
    by_kind: dict[str, list[str]] = {}
    for scope in scopes:
        by_kind.setdefault(scope.kind, []).append(scope.id)
    tests: list[str] = []
    params: Row = {}
    for kind, ids_ in by_kind.items():
        names, given = records.named(ids_, f"{kind}_")
        tests.append(f"(b.scope = '{kind}' AND b.scope_id IN ({names}))")
        params |= given
    return f"({' OR '.join(tests)})", params


def _read(db: Database, where: str, params: dict[str, Any]) -> list[Budget]:
    now, zone = clock.now(), preferences.zone(db)
    around = windows.around(now, zone)
    starts = {f"from_{span}": window.starts for span, window in around.items()}
    rows = db.rows(f"{_SELECT} {where}", params | starts)
    return [_budget(row, around[row["span"]], clock.iso(now)) for row in rows]


def _budget(row: Row, window: Window, now: str) -> Budget:
    extra = row["extra_nano"] if (row["extra_until"] or "") > now else 0
    allowed = row["limit_nano"] + extra
    left = allowed - row["spent_nano"] - row["reserved_nano"]
    figures = {"extra_nano": extra, "allowed_nano": allowed, "left_nano": left}
    figures["set_back"] = row["reset_nano"] > 0 and row["reset_from"] >= window.starts
    return records.to(Budget, row | figures | window._asdict())
