"""The decision of each call, kept as it was made: what is optimal is judged by it later, not by today's prices."""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.domain.route_shapes import Candidate, Plan

# A prompt cache of a provider is gone after this at the latest.
STICKY_S = 3600
MOST_SESSIONS = 10_000
KNOWN_S = 60.0
Spot = tuple[str, str]
# By tenant, session and the name asked for: account and model, and until when that is known without looking it up.
_sessions: OrderedDict[tuple[str, str, str], tuple[float, Spot]] = OrderedDict()
_door = Lock()


class Decision(msgspec.Struct, frozen=True):
    """`best` is the cheapest fit target that did not rest then; `provider_id` and `model` are what answered, or tried.

    `detail` has the candidates with their prices and what spoke against each.
    """

    call_id: str
    at: str
    asked: str
    alias: str
    strategy: str
    session_id: str
    provider_id: str
    model: str
    nano_estimate: int | None
    best_provider_id: str | None
    best_model: str | None
    best_nano: int | None
    candidates: int
    healthy: int
    fell_back: bool
    why: str
    detail: dict[str, Any]

    @property
    def optimal(self) -> bool:
        return (self.provider_id, self.model) == (self.best_provider_id, self.best_model)


def keep(db: Database, call_id: str, plan: Plan) -> None:
    """In the transaction that opens the call."""
    keep_all(db, {call_id: plan})


def keep_all(db: Database, plans: Mapping[str, Plan]) -> None:
    """The same for many calls by id, in one statement."""
    db.insert_all("decisions", [_row(call_id, plan) for call_id, plan in plans.items()])
    for plan in plans.values():
        _remember(db, plan.decision["session_id"], plan.decision["asked"], (plan.first.provider.id, plan.first.model))


def _row(call_id: str, plan: Plan) -> Row:
    first, best, made = plan.first, plan.best, plan.decision
    row: Row = {"call_id": call_id, "at": clock.iso(), "asked": made["asked"], "alias": plan.alias}
    row |= {"strategy": plan.strategy, "session_id": made["session_id"], "provider_id": first.provider.id}
    row |= {"model": first.model, "nano_estimate": first.nano_estimate, "fell_back": False}
    row["best_provider_id"], row["best_model"] = (best.provider.id, best.model) if best else (None, None)
    row["best_nano"] = best.nano_estimate if best else None
    row |= {"candidates": len(made["candidates"]), "healthy": sum(not one.resting for one in plan.targets)}
    return row | {"why": made["why"], "detail": records.dump(made)}


def moved(db: Database, call_id: str, to: Candidate) -> None:
    """The call went on to another target: its session stays there, too."""
    values = {"provider_id": to.provider.id, "model": to.model, "nano_estimate": to.nano_estimate}
    sql = """UPDATE decisions SET provider_id = :provider_id, model = :model, nano_estimate = :nano_estimate,
      fell_back = TRUE WHERE call_id = :id RETURNING session_id, asked"""
    for row in db.rows(sql, values | {"id": call_id}):
        _remember(db, row["session_id"], row["asked"], (to.provider.id, to.model))


def of_call(db: Database, call_id: str) -> Decision | None:
    row = db.one("SELECT * FROM decisions WHERE call_id = :id", {"id": call_id})
    return records.to(Decision, row, ("detail",)) if row else None


def of_session(db: Database, session_id: str, asked: str) -> Spot | None:
    """Account and model that the session used last for this name, while a cache there may still be of use."""
    kept = _sessions.get((db.name, session_id, asked))
    if kept and kept[0] > clock.monotonic():
        return kept[1]
    sql = """SELECT provider_id, model FROM decisions WHERE session_id = :session AND session_id <> ''
      AND alias <> '' AND asked = :asked AND at >= :since ORDER BY at DESC LIMIT 1"""
    row = db.one(sql, {"session": session_id, "asked": asked, "since": clock.ahead(-STICKY_S)})
    return (row["provider_id"], row["model"]) if row else None


def _remember(db: Database, session_id: str, asked: str, spot: Spot) -> None:
    """For a moment: another process may take the session elsewhere, which costs a cache and no more."""
    if not session_id:
        return
    with _door:
        key = (db.name, session_id, asked)
        _sessions[key] = (clock.monotonic() + KNOWN_S, spot)
        _sessions.move_to_end(key)
        while len(_sessions) > MOST_SESSIONS:
            _sessions.popitem(last=False)
