"""Half, four fifths and all of a budget: told once each in a span, as an event that others may pass on."""

from collections.abc import Iterable
from datetime import timedelta

from appliance import clock
from appliance.db.database import Database
from appliance.domain import budgets, events, windows
from appliance.domain.actor import SYSTEM
from appliance.domain.budgets import Budget
from appliance.domain.scopes import Scope

THRESHOLDS = (50, 80, 100)


def note(db: Database, scopes: Iterable[Scope]) -> None:
    """Tell of the highest threshold that spend on these scopes has passed, if it is news."""
    for budget in budgets.on(db, scopes):
        percent = passed(budget)
        if percent > told(budget):
            _tell(db, budget, percent)


def passed(budget: Budget) -> int:
    """The highest threshold that what is spent has reached; 0 for none, and where nothing may be spent."""
    share = budget.spent_nano * 100 // budget.allowed_nano if budget.allowed_nano else 0
    return max((percent for percent in THRESHOLDS if share >= percent), default=0)


def told(budget: Budget) -> int:
    """The highest threshold told of in the current span; of a rolling one, until a whole span has passed since."""
    starts, _, percent = budget.alerted.rpartition(" ")
    if percent and budget.span in windows.ROLLING:
        again = clock.parse(starts) + timedelta(seconds=windows.ROLLING[budget.span])
        return int(percent) if clock.parse(budget.starts) < again else 0
    return int(percent) if percent and starts == budget.starts else 0


def _tell(db: Database, budget: Budget, percent: int) -> None:
    with db.transaction():
        # Whoever finds the row as it was read tells, and nobody else.
        as_read = {"id": budget.id, "alerted": budget.alerted}
        if db.update("budgets", as_read, alerted=f"{budget.starts} {percent}"):
            fields = ("scope", "scope_id", "span", "spent_nano", "allowed_nano")
            about = {name: getattr(budget, name) for name in fields}
            events.record(db, SYSTEM, "budget.alert", budget_id=budget.id, percent=percent, **about)
