"""Budgets are set, changed, raised for a while and removed; work that waited then goes on."""

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import (
    budget_forms,
    budget_questions,
    budgets,
    events,
    preferences,
    routing,
    scope_names,
    spent,
    waits,
    windows,
)
from appliance.domain.actor import Actor
from appliance.domain.budget_forms import BudgetChange, Extra, NewBudget
from appliance.domain.budgets import Budget, Terms
from appliance.errors import Problem, invalid

ONCE_S = 86_400


def create(db: Database, actor: Actor, new: NewBudget) -> Budget:
    """Set the limit of a scope and span; one that exists is replaced. Raises Problem(invalid), Problem(not_found)."""
    actor.need("admin")
    scope_id = scope_names.found(db, new.scope, new.scope_id.strip())
    limit = budgets.nano(new.limit_usd)
    before = next((b for b in budgets.of(db, new.scope, scope_id) if b.span == new.span), None)
    budget_forms.sane(before.limit_nano if before else 0, limit, new.confirm)
    terms = _terms(db, Terms(new.action, new.downgrade_to, new.strict))
    _put(db, actor, new.scope, scope_id, new.span, limit, before, terms)
    return next(budget for budget in budgets.of(db, new.scope, scope_id) if budget.span == new.span)


def change(db: Database, actor: Actor, budget_id: str, change: BudgetChange) -> Budget | None:
    """Another limit for one budget; None when it was removed. Raises Problem(not_found), Problem(invalid)."""
    actor.need("admin")
    budget = budgets.get(db, budget_id)
    limit = None if change.limit_usd is None else budgets.nano(change.limit_usd)
    if limit is not None:
        budget_forms.sane(budget.limit_nano, limit, change.confirm)
    kept = ((name, getattr(change, name)) for name in ("action", "downgrade_to", "strict"))
    given = {name: value for name, value in kept if value is not None}
    now = Terms(budget.action, budget.downgrade_to, budget.strict)
    terms = _terms(db, msgspec.structs.replace(now, **given)) if given else None
    _put(db, actor, budget.scope, budget.scope_id, budget.span, limit, budget, terms)
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


def reset(db: Database, actor: Actor, budget_id: str) -> Budget:
    """Count from nought again in the current span. The ledger keeps everything, and the log who did it.

    Raises Problem(not_found).
    """
    actor.need("admin")
    with db.transaction():
        budget = budgets.get(db, budget_id)
        values = {"reset_from": "", "reset_nano": 0} | spent.so_far(db, budget.scope, budget.scope_id, budget.span)
        db.update("budgets", {"id": budget.id}, **values, alerted="", updated_at=clock.iso())
        about = {"scope": budget.scope, "scope_id": budget.scope_id, "span": budget.span}
        events.record(db, actor, "budget.reset", budget_id=budget.id, spent_nano=budget.spent_nano, **about)
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
    db: Database,
    actor: Actor,
    scope: str,
    scope_id: str,
    span: str,
    limit_nano: int | None,
    before: Budget | None,
    terms: Terms | None = None,
) -> None:
    with db.transaction():
        budgets.put(db, actor, scope, scope_id, span, limit_nano, terms)
        if before:
            budget_questions.supersede(db, actor, before.id)
        waits.release_budget(db, actor)


def _terms(db: Database, terms: Terms) -> Terms:
    """Raises Problem(invalid) for a step down to a model that nobody serves."""
    if terms.action != "downgrade":
        return msgspec.structs.replace(terms, downgrade_to="")
    try:
        routing.resolve(db, terms.downgrade_to.strip())
    except Problem as problem:
        raise invalid(downgrade_to="name a cheaper model that an account serves") from problem
    return msgspec.structs.replace(terms, downgrade_to=terms.downgrade_to.strip())
