"""Which plan a tenant is on, and what it has of its own instead of the plan's."""

from typing import Any

import msgspec

from appliance.db.bounds import LIMITS
from appliance.db.database import Database
from appliance.db.tenants import BOUNDS_CHANGED
from appliance.domain import audit, flags, plans, records, tenants
from appliance.domain.actor import Actor
from appliance.domain.plans import Plan
from appliance.errors import invalid, not_found


class Terms(msgspec.Struct, frozen=True):
    """`own_limits` and `own_flags` stand instead of the plan's, by name; a limit of null is none."""

    tenant_id: str
    plan: Plan
    own_limits: dict[str, int | None]
    own_flags: dict[str, bool]

    def limit(self, name: str) -> int | None:
        """What holds."""
        found: int | None = self.own_limits[name] if name in self.own_limits else getattr(self.plan, name)
        return found


class TermsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`plan` "" stays as it is. `own_limits` and `own_flags` are set by name and the others stay.

    `back` names limits that follow the plan again; so does a flag that is null.
    """

    plan: str = ""
    own_limits: dict[str, int | None] = {}
    own_flags: dict[str, bool | None] = {}
    back: tuple[str, ...] = ()


def of(control: Database, tenant_id: str) -> Terms:
    """Raises Problem(not_found)."""
    row = control.one("SELECT plan, own_limits, own_flags FROM tenants WHERE id = :id", {"id": tenant_id})
    if row is None:
        raise not_found("tenant")
    own = {name: msgspec.json.decode(row[name]) for name in ("own_limits", "own_flags")}
    return Terms(tenant_id, plans.get(control, row["plan"]), **own)


def change(control: Database, actor: Actor, tenant_id: str, change: TermsChange) -> Terms:
    """Below what is used is allowed: nothing is taken away, and nothing is added until there is room again.

    Raises Problem(not_found), Problem(invalid) with the fields at fault.
    """
    actor.need("owner")
    _check(control, change)
    with control.transaction():
        before = of(control, tenant_id)
        limits = {**before.own_limits, **change.own_limits}
        kept = {name: value for name, value in limits.items() if name not in change.back}
        switched = plans.merged(before.own_flags, change.own_flags)
        values: dict[str, Any] = {"own_limits": records.dump(kept), "own_flags": records.dump(switched)}
        plan = change.plan or before.plan.slug
        control.update("tenants", {"id": tenant_id}, plan=plan, **values)
        audit.record(control, actor, "tenant.plan_changed", plan, tenant_id)
        control.note(BOUNDS_CHANGED)
    return of(control, tenant_id)


def _check(control: Database, change: TermsChange) -> None:
    tenants.plan_for(control, change.plan)
    for name in (*change.own_limits, *change.back):
        if name not in LIMITS:
            raise invalid(own_limits=f"there is no limit {name}; there are {', '.join(LIMITS)}")
    for name, value in change.own_limits.items():
        plans.sane(name, value)
    flags.check({name: True for name in change.own_flags})
