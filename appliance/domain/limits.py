"""What people say about budgets: set, change and remove a limit; work that waited for money then goes on."""

import msgspec

from appliance.db.database import Database
from appliance.domain import budgets, waits
from appliance.domain.actor import Actor
from appliance.domain.budgets import Budget
from appliance.errors import invalid

_FIND = {
    "agent": "SELECT id FROM agents WHERE (id = :ref OR slug = :ref) AND deleted_at IS NULL",
    "task": "SELECT id FROM tasks WHERE id = :ref OR number = :number",
    "run": "SELECT id FROM runs WHERE id = :ref",
}


class NewBudget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`scope_id`: slug or id of an agent, number or id of a task, id of a run, nothing for the tenant. 0 means stop."""

    scope: str
    span: str
    limit_usd: str | float | int
    scope_id: str = ""


class BudgetChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A null limit removes the budget."""

    limit_usd: str | float | int | None


def create(db: Database, actor: Actor, new: NewBudget) -> Budget:
    """Set the limit of a scope and span; one that exists is replaced. Raises Problem(invalid), Problem(not_found)."""
    actor.need("admin")
    scope_id = _found(db, new.scope, new.scope_id.strip())
    _put(db, actor, new.scope, scope_id, new.span, budgets.nano(new.limit_usd))
    return next(budget for budget in budgets.of(db, new.scope, scope_id) if budget.span == new.span)


def change(db: Database, actor: Actor, budget_id: str, change: BudgetChange) -> Budget | None:
    """Another limit for one budget; None when it was removed. Raises Problem(not_found)."""
    actor.need("admin")
    budget = budgets.get(db, budget_id)
    limit = None if change.limit_usd is None else budgets.nano(change.limit_usd)
    _put(db, actor, budget.scope, budget.scope_id, budget.span, limit)
    return None if limit is None else budgets.get(db, budget_id)


def _put(db: Database, actor: Actor, scope: str, scope_id: str, span: str, limit_nano: int | None) -> None:
    with db.transaction():
        budgets.put(db, actor, scope, scope_id, span, limit_nano)
        waits.release_budget(db, actor)


def _found(db: Database, scope: str, ref: str) -> str:
    """The id `ref` stands for in its scope."""
    if scope not in budgets.SCOPES:
        raise invalid(scope=f"use one of {', '.join(budgets.SCOPES)}")
    if scope == "tenant":
        return ""
    found = db.value(_FIND[scope], {"ref": ref, "number": int(ref) if ref.isdecimal() and len(ref) < 16 else 0})
    if not found:
        raise invalid(scope_id=f"there is no such {scope}")
    return str(found)
