"""Calls that were priced anew: a row for each amount that changed, and everything that adds calls up put right with it.

Runs, tasks and budgets follow by the difference, in the spans the calls were counted in.
"""

from collections import defaultdict
from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import events, preferences, records, scopes, windows
from appliance.domain.actor import Actor
from appliance.domain.analytics import rollups
from appliance.domain.ledger_rows import WEAKEST_FIRST, Call
from appliance.domain.scopes import Scope

COST, IMPUTED = "cost", "imputed"


class Adjustment(msgspec.Struct, frozen=True):
    """`what` is cost, or imputed for the list price of a call nobody pays for. `before_nano` None was unpriced."""

    id: str
    call_id: str
    attempt_id: str
    what: str
    before_nano: int | None
    after_nano: int
    why: str
    version: str
    actor: str
    at: str


class Change(msgspec.Struct, frozen=True):
    """The new amount of one attempt; `columns` are those of its row that the new price fills."""

    call: Call
    attempt_id: str
    provider_id: str
    model: str
    what: str
    before_nano: int | None
    after_nano: int
    version: str
    columns: dict[str, Any]

    @property
    def counted_before(self) -> int:
        """What budgets have counted: the estimate for what had no price."""
        return self.call.estimate_nano if self.before_nano is None else self.before_nano


def apply(db: Database, actor: Actor, changes: list[Change], why: str) -> list[Change]:
    """All of them or none; those that were still as they had been read."""
    now, rows, made = clock.iso(), [], []
    with db.transaction():
        for change in changes:
            if _adjust(db, change):
                made.append(change)
                about: Row = {"id": ids.new(), "call_id": change.call.id, "attempt_id": change.attempt_id}
                about |= {name: getattr(change, name) for name in ("what", "before_nano", "after_nano", "version")}
                rows.append(about | {"why": why, "actor": actor.label, "at": now})
        if not made:
            return []
        db.insert_all("adjustments", rows)
        for call_id in {change.call.id for change in made}:
            _sum_up(db, call_id)
        rollups.correct(db, {at for change in made if (at := change.call.finished_at)})
        costs = [change for change in made if change.what == COST]
        _book(db, costs)
        before = sum(change.before_nano or 0 for change in made)
        after = sum(change.after_nano for change in made)
        events.record(db, actor, "price.adjusted", attempts=len(made), before_nano=before, after_nano=after, why=why)
    return made


def of(db: Database, call_id: str) -> list[Adjustment]:
    """Oldest first."""
    rows = db.rows("SELECT * FROM adjustments WHERE call_id = :id ORDER BY id", {"id": call_id})
    return [records.to(Adjustment, row) for row in rows]


def _adjust(db: Database, change: Change) -> int:
    """0 where somebody else was first."""
    column = "cost_nano" if change.what == COST else "imputed_nano"
    sets = ", ".join(f"{name} = :{name}" for name in change.columns)
    as_read = f"{column} IS NULL" if change.before_nano is None else f"{column} = :as_read"
    given = {**change.columns, "id": change.attempt_id, "as_read": change.before_nano}
    return db.execute(f"UPDATE attempts SET {sets} WHERE id = :id AND {as_read}", given)


def _sum_up(db: Database, call_id: str) -> None:
    """The call's own figures from its attempts."""
    sql = "SELECT cost_nano, imputed_nano, cost_source FROM attempts WHERE call_id = :id"
    found = db.rows(sql, {"id": call_id})
    cost = sum(row["cost_nano"] or 0 for row in found)
    unpriced = any(row["cost_nano"] is None for row in found)
    imputed = [row["imputed_nano"] for row in found if row["imputed_nano"] is not None]
    sources = {row["cost_source"] for row in found}
    source = next((source for source in WEAKEST_FIRST if source in sources), "")
    values = {"cost_nano": None if unpriced and not cost else cost, "imputed_nano": sum(imputed) if imputed else None}
    db.update("calls", {"id": call_id}, **values, cost_source=source)


def _book(db: Database, changes: list[Change]) -> None:
    """Runs and tasks by what had been booked, budgets by what had been counted."""
    owners: defaultdict[tuple[str, str], int] = defaultdict(int)
    for change in changes:
        for table, owner in (("runs", change.call.run_id), ("tasks", change.call.task_id)):
            if owner:
                owners[(table, owner)] += change.after_nano - (change.before_nano or 0)
    for (table, owner), delta in sorted(owners.items()):
        sql = f"UPDATE {table} SET cost_nano = cost_nano + :delta WHERE id = :id"
        db.execute(sql, {"delta": delta, "id": owner})
    for (scope, span, starts), delta in sorted(_spent(db, changes).items()):
        # Rows that were pruned stay gone: no current span reads them.
        sql = """UPDATE spent SET settled_nano = settled_nano + :delta
                 WHERE scope = :kind AND scope_id = :id AND span = :span AND starts = :starts"""
        db.execute(sql, {"delta": delta, "kind": scope.kind, "id": scope.id, "span": span, "starts": starts})


def _spent(db: Database, changes: list[Change]) -> dict[tuple[Scope, str, str], int]:
    """The difference by scope and by the spans in which the calls were counted."""
    found: defaultdict[tuple[Scope, str, str], int] = defaultdict(int)
    zone = preferences.zone(db)
    above: dict[tuple[str | None, ...], tuple[Scope, ...]] = {}
    for change in changes:
        call = change.call
        key = (call.agent_id, call.task_id, call.run_id)
        if key not in above:
            above[key] = scopes.of(db, agent_id=call.agent_id, task_id=call.task_id, run_id=call.run_id)
        for span, starts in windows.starts(clock.parse(call.finished_at or call.started_at), zone).items():
            for scope in _counted(above[key], change):
                found[(scope, span, starts)] += change.after_nano - change.counted_before
    return found


def _counted(above: tuple[Scope, ...], change: Change) -> list[Scope]:
    """Everything the attempt was counted on; where it was sent is the attempt's own."""
    call = change.call
    found = [*above, Scope("provider", change.provider_id), Scope("model", change.model)]
    if call.project and not any(scope.kind == "project" for scope in above):
        found.append(Scope("project", call.project))
    named = (("key", call.key_id), ("session", call.session_id))
    return [*found, *(Scope(kind, id_) for kind, id_ in named if id_)]
