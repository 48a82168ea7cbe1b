"""Turns what was held for calls that have ended into spend, on everything that each of them counts on."""

from collections import Counter
from collections.abc import Iterable

from appliance import clock
from appliance.db.database import Database
from appliance.domain import budgets, spent
from appliance.domain.ledger_rows import Ended
from appliance.domain.scopes import Scope


def book(db: Database, closed: Iterable[tuple[Ended, int]]) -> None:
    """Calls with what was reserved for them: an attempt without a price counts as that. In the open transaction."""
    costs: dict[str, int] = {}
    sent: Counter[Scope] = Counter()
    for ended, estimate in closed:
        costs[ended.call_id], to = _paid(ended, estimate)
        sent.update(to)
    budgets.settle_all(db, costs, sent)


def book_unheld(db: Database, ended: Ended, estimate: int, scopes: Iterable[Scope]) -> None:
    """The same for a call that was asked for and has ended within the open transaction, so that nothing was held."""
    cost, sent = _paid(ended, estimate)
    amounts = {scope: cost for scope in scopes if scope.kind not in spent.SENT_TO} | sent
    spent.count(db, amounts, clock.now())


def _paid(ended: Ended, estimate: int) -> tuple[int, Counter[Scope]]:
    """What it cost, and what of that went to which accounts and models."""
    paid = [(attempt, estimate if attempt.cost_nano is None else attempt.cost_nano) for attempt in ended.attempts]
    sent: Counter[Scope] = Counter()
    for attempt, cost in paid:
        sent[Scope("provider", attempt.provider_id)] += cost
        sent[Scope("model", attempt.model_requested)] += cost
    return sum(cost for _, cost in paid), sent
