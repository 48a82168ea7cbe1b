"""What a person's answer about money does: raise the limit, allow more once, or leave the work stopped."""

from collections.abc import Callable
from typing import Any

from appliance.db.database import Database
from appliance.domain import budgets, limits, waits
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval
from appliance.domain.budget_forms import BudgetChange, Extra, NewBudget

Act = Callable[[Database, Actor, Approval, dict[str, Any]], None]


def apply(db: Database, actor: Actor, approval: Approval, verdict: str, given: dict[str, Any]) -> None:
    """In the transaction that stores the answer; runs that have room now go on.

    `given` is {option, amount_usd}, and `confirm` (the amount again, or true) for one out of all proportion.
    Raises Problem(invalid).
    """
    actor.need("admin")
    if verdict == "reject":
        return
    CHOICES[given["option"]](db, actor, approval, given)
    waits.release_budget(db, actor)


def _raise(db: Database, actor: Actor, approval: Approval, given: dict[str, Any]) -> None:
    change = BudgetChange(given["amount_usd"], _meant(given))
    limits.change(db, actor, approval.payload["budget_id"], change)


def _once(db: Database, actor: Actor, approval: Approval, given: dict[str, Any]) -> None:
    extra = Extra(given["amount_usd"], _meant(given))
    limits.allow_once(db, actor, approval.payload["budget_id"], extra)


def _cap(db: Database, actor: Actor, approval: Approval, given: dict[str, Any]) -> None:
    new = NewBudget("tenant", "month", given["amount_usd"], confirm=_meant(given))
    limits.create(db, actor, new)


def _task(db: Database, actor: Actor, approval: Approval, given: dict[str, Any]) -> None:
    task_id = str(approval.payload["task_id"])
    limits.create(db, actor, NewBudget("task", "lifetime", given["amount_usd"], task_id, _meant(given)))


def _uncapped(db: Database, actor: Actor, approval: Approval, given: dict[str, Any]) -> None:
    limits.uncap(db, actor, True)


def _meant(given: dict[str, Any]) -> bool:
    confirmed = given.get("confirm", False)
    return confirmed is True or bool(confirmed) and budgets.nano(confirmed) == budgets.nano(given["amount_usd"])


CHOICES: dict[str, Act] = {"raise": _raise, "once": _once, "cap": _cap, "task": _task, "uncapped": _uncapped}
