"""What people say about budgets: set, change, raise for a while and remove a limit; work that waited then goes on."""

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import budget_questions, budgets, events, preferences, scopes, waits
from appliance.domain.actor import Actor
from appliance.domain.budget_words import NANO, plain, usd
from appliance.domain.budgets import Budget
from appliance.errors import invalid

_FIND = {
    "provider": "SELECT id FROM providers WHERE id = :ref OR name = :ref",
    "agent": "SELECT id FROM agents WHERE (id = :ref OR slug = :ref) AND deleted_at IS NULL",
    "project": "SELECT project FROM tasks WHERE project = :ref AND project <> ''",
    "task": "SELECT id FROM tasks WHERE id = :ref OR number = :number",
    "run": "SELECT id FROM runs WHERE id = :ref",
}
LARGE = 10_000 * NANO
SMALL = 100 * NANO
JUMP = 100
ONCE_S = 86_400


class NewBudget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`scope_id`: name of an account, slug of an agent, name of a project, number of a task, id of a run. 0 means stop.

    `confirm` says that an amount above $10,000, or above $100 and a hundred times the old one, is meant.
    """

    scope: str
    span: str
    limit_usd: str | float | int
    scope_id: str = ""
    confirm: bool = False


class BudgetChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A null limit removes the budget."""

    limit_usd: str | float | int | None
    confirm: bool = False


class Extra(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is allowed on top of a limit until its span ends."""

    extra_usd: str | float | int
    confirm: bool = False


def create(db: Database, actor: Actor, new: NewBudget) -> Budget:
    """Set the limit of a scope and span; one that exists is replaced. Raises Problem(invalid), Problem(not_found)."""
    actor.need("admin")
    scope_id = found(db, new.scope, new.scope_id.strip())
    limit = budgets.nano(new.limit_usd)
    before = next((b for b in budgets.of(db, new.scope, scope_id) if b.span == new.span), None)
    _sane(before.limit_nano if before else 0, limit, new.confirm)
    _put(db, actor, new.scope, scope_id, new.span, limit, before)
    return next(budget for budget in budgets.of(db, new.scope, scope_id) if budget.span == new.span)


def change(db: Database, actor: Actor, budget_id: str, change: BudgetChange) -> Budget | None:
    """Another limit for one budget; None when it was removed. Raises Problem(not_found), Problem(invalid)."""
    actor.need("admin")
    budget = budgets.get(db, budget_id)
    limit = None if change.limit_usd is None else budgets.nano(change.limit_usd)
    if limit is not None:
        _sane(budget.limit_nano, limit, change.confirm)
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
        _sane(budget.limit_nano, budget.allowed_nano + more, extra.confirm)
        until = budget.ends or clock.ahead(ONCE_S)
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


def found(db: Database, scope: str, ref: str) -> str:
    """The id `ref` stands for in its scope. Raises Problem(invalid)."""
    if scope not in scopes.SCOPES:
        raise invalid(scope=f"use one of {', '.join(scopes.SCOPES)}")
    if scope == "tenant":
        return ""
    known = db.value(_FIND[scope], {"ref": ref, "number": int(ref) if ref.isdecimal() and len(ref) < 16 else 0})
    if not known:
        raise invalid(scope_id=f"there is no such {scope}")
    return str(known)


def absurd(before_nano: int, after_nano: int) -> str:
    """Why an amount looks like a slip of the hand; "" when it does not."""
    if after_nano > LARGE and after_nano > before_nano:
        return f"{usd(after_nano)} is more than {usd(LARGE)}"
    if before_nano and after_nano > SMALL and after_nano >= JUMP * before_nano:
        return f"{usd(after_nano)} is {after_nano // before_nano} times the limit so far"
    return ""


def _sane(before_nano: int, after_nano: int, confirmed: bool) -> None:
    if not confirmed and (slip := absurd(before_nano, after_nano)):
        raise invalid(confirm=f"{slip}: confirm it ({plain(after_nano)}) if that is meant")


def _put(
    db: Database, actor: Actor, scope: str, scope_id: str, span: str, limit_nano: int | None, before: Budget | None
) -> None:
    with db.transaction():
        budgets.put(db, actor, scope, scope_id, span, limit_nano)
        if before:
            budget_questions.supersede(db, actor, before.id)
        waits.release_budget(db, actor)
