"""A question about money: the key it is known by, its words and its choices."""

from typing import Any

from appliance import clock
from appliance.db.database import Database
from appliance.domain import budget_words, preferences, windows
from appliance.domain.approvals import Ask, Option
from appliance.domain.budget_words import EACH, cents, plain, round_up
from appliance.domain.budgets import Budget, OverBudget

UNCOVERED = "uncovered"
_FIRST_CAP, _FIRST_TASK = 50 * budget_words.NANO, 5 * budget_words.NANO


def key(db: Database, budget: Budget | None) -> str:
    """The question's key: the budget and its span, or the month in which work has no budget.

    A rolling span never begins anew, so there is one question about it until somebody changes the limit.
    """
    if budget is None:
        return f"{UNCOVERED}:{windows.starts(clock.now(), preferences.zone(db))['month']}"
    return f"budget:{budget.id}:{budget.span if budget.span in windows.ROLLING else budget.starts}"


def budget_of(key: str) -> str:
    """The id of the budget a key is about, "" for work without one."""
    kind, _, rest = key.partition(":")
    return rest.partition(":")[0] if kind == "budget" else ""


def worded(over: OverBudget, task_id: str | None, agent_id: str | None) -> Ask:
    payload: dict[str, Any] = {"needed_nano": over.needed_nano, "task_id": task_id, "agent_id": agent_id}
    if over.budget is None:
        options = _without(over.needed_nano, task_id)
        return Ask("budget", "No budget covers this work", over.detail, payload, options=options)
    budget = over.budget
    payload |= {name: getattr(budget, name) for name in ("scope", "scope_id", "span", "limit_nano", "starts")}
    payload["budget_id"] = budget.id
    title = f"{budget_words.whose(budget)} needs more than the limit of {cents(budget.limit_nano)} {EACH[budget.span]}"
    return Ask("budget", title, over.detail, payload, options=_within(budget, over.needed_nano))


def _within(budget: Budget, needed: int) -> list[Option]:
    used = budget.spent_nano + budget.reserved_nano
    more = plain(round_up(max(budget.limit_nano * 2, used + 10 * needed)))
    once = plain(round_up(max(budget.limit_nano // 5, 10 * needed, used + needed - budget.limit_nano)))
    ends = "for a day" if budget.ends is None else f"until the {budget.span} is over"
    ends = f"for {budget.span}" if budget.span in windows.ROLLING else ends
    return [
        Option("raise", "Raise the limit", "The new limit holds from now on.", "New limit in US dollars", more),
        Option("once", "Allow more once", f"On top of the limit, {ends}.", "US dollars more", once),
    ]


def _without(needed: int, task_id: str | None) -> list[Option]:
    cap, task = (plain(round_up(max(first, 10 * needed))) for first in (_FIRST_CAP, _FIRST_TASK))
    options = [
        Option("cap", "Set a monthly cap", "For everything in this organisation.", "US dollars a month", cap),
        Option("task", "Allow this task", "All of its runs and sub-tasks together.", "Up to US dollars", task),
        Option("uncapped", "Allow without a cap", "Nothing stops spending until you set a budget."),
    ]
    return [option for option in options if task_id or option.value != "task"]
