"""Keys with what they mean inside their tenant: an agent, a project, and a budget that stops them like any other."""

from collections.abc import Iterable

import msgspec

from appliance.db.database import Database
from appliance.domain import agents, budget_forms, budgets, keys
from appliance.domain.actor import Actor
from appliance.domain.budget_questions import supersede
from appliance.domain.budgets import Budget
from appliance.domain.key_forms import ApiKey, IssuedKey, KeyChange, NewKey
from appliance.errors import Problem, invalid


def issue(control: Database, db: Database, actor: Actor, tenant_id: str, new: NewKey) -> IssuedKey:
    """Raises Problem(invalid), Problem(forbidden)."""
    new = msgspec.structs.replace(new, agent=_agent(db, new.agent), project=new.project.strip())
    made = keys.create(control, actor, tenant_id, new)
    secure(db, actor, made)
    return made


def change(control: Database, db: Database, actor: Actor, tenant_id: str, key_id: str, change: KeyChange) -> ApiKey:
    """What is spent so far stays counted. Raises Problem(not_found), Problem(invalid)."""
    if change.agent:
        change = msgspec.structs.replace(change, agent=_agent(db, change.agent))
    if change.budget_usd is msgspec.UNSET:
        return keys.change(control, actor, tenant_id, key_id, change)
    before = _budget(db, key_id)
    limit = None if change.budget_usd is None else budgets.nano(change.budget_usd, "budget_usd")
    if limit is not None:
        budget_forms.sane(before.limit_nano if before else 0, limit, change.confirm)
    changed = keys.change(control, actor, tenant_id, key_id, change)
    if limit != (before.limit_nano if before else None):
        with db.transaction():
            budgets.put(db, actor, "key", key_id, "lifetime", limit)
            if before:
                supersede(db, actor, before.id)
    return changed


def secure(db: Database, actor: Actor, key: ApiKey) -> None:
    """The key's own budget as one that stops calls, if it is not there yet."""
    if key.budget_nano is not None and _budget(db, key.id) is None:
        budgets.put(db, actor, "key", key.id, "lifetime", key.budget_nano)


def shown(db: Database, found: Iterable[ApiKey]) -> list[ApiKey]:
    """Keys with the limit that holds now, which may have been changed among the budgets."""
    holds = {b.scope_id: b.limit_nano for b in budgets.all(db) if b.scope == "key" and b.span == "lifetime"}
    return [msgspec.structs.replace(key, budget_nano=holds.get(key.id, key.budget_nano)) for key in found]


def _budget(db: Database, key_id: str) -> Budget | None:
    return next((budget for budget in budgets.of(db, "key", key_id) if budget.span == "lifetime"), None)


def _agent(db: Database, ref: str) -> str:
    try:
        return agents.get(db, ref.strip()).id if ref.strip() else ""
    except Problem as problem:
        raise invalid(agent="there is no such agent") from problem
