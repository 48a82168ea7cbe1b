"""Budgets are set, changed, raised for a while and removed; work that waited then goes on."""

from appliance import clock
from appliance.db.database import Database
from appliance.domain import budget_forms, budget_questions, budgets, events, preferences, scope_names, waits, windows
from appliance.domain.actor import Actor
from appliance.domain.budget_forms import BudgetChange, Extra, NewBudget
from appliance.domain.budgets import Budget

ONCE_S = 86_400


def create(db: Database, actor: Actor, new: NewBudget) -> Budget:
    """Set the limit of a scope and span; one that exists is replaced. Raises Problem(invalid), Problem(not_found)."""
    actor.need("admin")
    scope_id = scope_names.found(db, new.scope, new.scope_id.strip())
    limit = budgets.nano(new.limit_usd)
    before = next((b for b in budgets.of(db, new.scope, scope_id) if b.span == new.span), None)
    budget_forms.sane(before.limit_nano if before else 0, limit, new.confirm)
    _put(db, actor, new.scope, scope_id, new.span, limit, before)
    return next(budget for budget in budgets.of(db, new.scope, scope_id) if budget.span == new.span)


def change(db: Database, actor: Actor, budget_id: str, change: BudgetChange) -> Budget | None:
    """Another limit for one budget; None when it was removed. Raises Problem(not_found), Problem(invalid)."""
    actor.need("admin")
    budget = budgets.get(db, budget_id)
    limit = None if change.limit_usd is None else budgets.nano(change.limit_usd)
    if limit is not None:
        budget_forms.sane(budget.limit_nano, limit, change.confirm)
    _put(db, actor, budget.scope, budget.scope_id, budget.span, limit, budget)
    return None if limit is None else budgets.get(db, budget_id)


def allow_once(db: Database, actor: Actor, budget_id: str, extra: Extra) -> Budget:
    """More on top of what is allowed now, until the span ends; a day where it never does. The limit stays.

    Raises Problem(not_found), Problem(invalid).
    """
    actor.need("admin")
    more = budgets.nano(extra.extra_usd, "extra_usd")
    with db.transaction():
        budget = budgets.get(db, budget_id)
        budget_forms.sane(budget.limit_nano, budget.allowed_nano + more, extra.confirm)
        until = budget.ends or clock.ahead(windows.ROLLING.get(budget.span, ONCE_S))
        values = {"extra_nano": budget.extra_nano + more, "extra_until": until, "updated_at": clock.iso()}
        db.update("budgets", {"id": budget.id}, **values)
        events.record(db, actor, "budget.raised_once", budget_id=budget.id, more_nano=more, until=until)
        budget_questions.supersede(db, actor, budget.id)
        waits.release_budget(db, actor)
    return budgets.get(db, budget_id)


def uncap(db: Database, actor: Actor, allowed: bool) -> None:
    """Whether work that costs money may go on where no budget covers it at all."""
    actor.need("admin")
    with db.transaction():
        preferences.put(db, actor, "uncapped", allowed)
        waits.release_budget(db, actor)


def _put(
    db: Database, actor: Actor, scope: str, scope_id: str, span: str, limit_nano: int | None, before: Budget | None
) -> None:
    with db.transaction():
        budgets.put(db, actor, scope, scope_id, span, limit_nano)
        if before:
            budget_questions.supersede(db, actor, before.id)
        waits.release_budget(db, actor)
