"""Half, four fifths and all of a budget, and an hour out of all proportion: told once each, as events for others."""

from collections.abc import Collection, Iterable
from datetime import timedelta

from appliance import clock
from appliance.db.database import Database
from appliance.domain import budgets, events, preferences, spent, windows
from appliance.domain.actor import SYSTEM
from appliance.domain.budgets import Budget
from appliance.domain.scopes import Scope

THRESHOLDS = (50, 80, 100)
# An hour is unusual at three times the usual one, once there is enough to compare with and enough to care about.
TIMES = 3
FEWEST_HOURS = 12
LEAST_NANO = 1_000_000_000
LOOK_S = 60.0
UNUSUAL = "spend.unusual"
_looked: dict[str, float] = {}


def note(db: Database, scopes: Collection[Scope]) -> None:
    """Tell of the highest threshold that spend on these scopes has passed, if it is news."""
    note_on(db, budgets.on(db, scopes) if scopes else ())


def note_on(db: Database, found: Iterable[Budget]) -> None:
    """The same for budgets as they were read a moment ago."""
    for budget in found:
        percent = passed(budget)
        if percent > told(budget):
            _tell(db, budget, percent)
    if clock.monotonic() - _looked.get(db.name, -LOOK_S) >= LOOK_S:
        _looked[db.name] = clock.monotonic()
        note_hour(db)


def note_hour(db: Database) -> None:
    """Tell once of an hour that costs three times the usual one."""
    this, usual, known = spent.usual_hour(db)
    if known < FEWEST_HOURS or this < max(TIMES * usual, LEAST_NANO):
        return
    hour = windows.starts(clock.now(), preferences.zone(db))["hour"]
    with db.transaction():
        if db.value("SELECT value FROM told WHERE name = :name", {"name": UNUSUAL}) != hour:
            db.upsert("told", {"name": UNUSUAL, "value": hour}, ("name",))
            events.record(db, SYSTEM, UNUSUAL, spent_nano=this, usual_nano=usual)


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
