"""Turns what was held for calls that have ended into spend, on everything that each of them counts on."""

from collections import Counter
from collections.abc import Iterable

from appliance.db.database import Database
from appliance.domain import budgets
from appliance.domain.ledger_rows import Ended
from appliance.domain.scopes import Scope


def book(db: Database, closed: Iterable[tuple[Ended, int]]) -> None:
    """Calls with what was reserved for them: an attempt without a price counts as that. In the open transaction."""
    costs: dict[str, int] = {}
    sent: Counter[Scope] = Counter()
    for ended, estimate in closed:
        paid = [(attempt, estimate if attempt.cost_nano is None else attempt.cost_nano) for attempt in ended.attempts]
        costs[ended.call_id] = sum(cost for _, cost in paid)
        for attempt, cost in paid:
            sent[Scope("provider", attempt.provider_id)] += cost
            sent[Scope("model", attempt.model_requested)] += cost
    budgets.settle_all(db, costs, sent)
