"""Turns what was held for calls that have ended into spend, on everything that each of them counts on."""

from collections.abc import Iterable

from appliance import clock
from appliance.db.database import Database
from appliance.domain import budgets, spent
from appliance.domain.ledger_rows import Ended
from appliance.domain.scopes import Scope


def book(db: Database, closed: Iterable[tuple[Ended, int]]) -> None:
    """Calls with what was reserved for them: an attempt without a price counts as that. In the open transaction."""
    costs: dict[str, int] = {}
    sent: dict[Scope, int] = {}
    for ended, estimate in closed:
        costs[ended.call_id] = _paid(ended, estimate, sent)
    budgets.settle_all(db, costs, sent)


def book_unheld(db: Database, ended: Ended, estimate: int, scopes: Iterable[Scope]) -> None:
    """The same for a call that was asked for and has ended within the open transaction, so that nothing was held."""
    sent: dict[Scope, int] = {}
    cost = _paid(ended, estimate, sent)
    amounts = {scope: cost for scope in scopes if scope.kind not in spent.SENT_TO} | sent
    spent.count(db, amounts, clock.now())


def _paid(ended: Ended, estimate: int, sent: dict[Scope, int]) -> int:
    """What it cost; what of that went to which accounts and models is added to `sent`."""
    whole = 0
    for attempt in ended.attempts:
        cost = estimate if attempt.cost_nano is None else attempt.cost_nano
        for to in (Scope("provider", attempt.provider_id), Scope("model", attempt.model_requested)):
            sent[to] = sent.get(to, 0) + cost
        whole += cost
    return whole
