"""Plans: what a tenant may have and use, and what it pays a month. The owners of the box edit them."""

from typing import Any

import msgspec

from appliance import clock
from appliance.db.bounds import LIMITS
from appliance.db.database import Database, Duplicate
from appliance.db.tenants import BOUNDS_CHANGED
from appliance.domain import audit, flags, records, tenants
from appliance.domain.actor import Actor
from appliance.errors import Problem, invalid, not_found

MOST = 10**15
RESERVED = ("tenants",)


class Plan(msgspec.Struct, frozen=True):
    """A limit that is None is none. `price_nano` is in nano-dollars a month, None when it is agreed with each tenant.

    `running` counts runs at the same time, `storage_bytes` the tenant's database with its files. `flags` holds the
    switches that the plan sets otherwise than usual; `tenants` says how many are on it.
    """

    slug: str
    name: str
    place: int
    price_nano: int | None
    requests_per_min: int | None
    user_requests_per_min: int | None
    key_requests_per_min: int | None
    agents: int | None
    running: int | None
    storage_bytes: int | None
    flags: dict[str, bool]
    tenants: int = 0


class PlanChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is; null takes a limit away. A flag that is null follows what is usual."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    price_nano: int | None | msgspec.UnsetType = msgspec.UNSET
    requests_per_min: int | None | msgspec.UnsetType = msgspec.UNSET
    user_requests_per_min: int | None | msgspec.UnsetType = msgspec.UNSET
    key_requests_per_min: int | None | msgspec.UnsetType = msgspec.UNSET
    agents: int | None | msgspec.UnsetType = msgspec.UNSET
    running: int | None | msgspec.UnsetType = msgspec.UNSET
    storage_bytes: int | None | msgspec.UnsetType = msgspec.UNSET
    flags: dict[str, bool | None] | msgspec.UnsetType = msgspec.UNSET


class NewPlan(PlanChange, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Limits that are left out are none."""

    slug: str


_SELECT = "SELECT p.*, (SELECT COUNT(*) FROM tenants t WHERE t.plan = p.slug) AS tenants FROM plans p"


def every(control: Database) -> list[Plan]:
    """In the order in which they were made, the four that came with the box first."""
    return [records.to(Plan, row, ("flags",)) for row in control.rows(_SELECT + " ORDER BY p.place, p.slug")]


def get(control: Database, slug: str) -> Plan:
    """Raises Problem(not_found)."""
    row = control.one(_SELECT + " WHERE p.slug = :slug", {"slug": slug})
    if row is None:
        raise not_found("plan")
    return records.to(Plan, row, ("flags",))


def create(control: Database, actor: Actor, new: NewPlan) -> Plan:
    """Raises Problem(invalid) with the fields at fault, Problem(duplicate)."""
    actor.need("owner")
    tenants.check_slug(new.slug)
    if new.slug in RESERVED:
        raise invalid(slug="take another one; this is part of an address")
    given = _checked(new)
    now = clock.iso()
    switched = {name: on for name, on in given.pop("flags", {}).items() if on is not None}
    row = {name: given.get(name) for name in ("price_nano", *LIMITS)}
    row |= {"slug": new.slug, "name": given.get("name") or new.slug.replace("-", " ").title()}
    row |= {"flags": records.dump(switched), "created_at": now, "updated_at": now}
    with control.transaction():
        row["place"] = int(control.value("SELECT COALESCE(MAX(place), 0) + 1 AS place FROM plans"))
        try:
            control.insert("plans", row)
        except Duplicate as error:
            raise Problem("duplicate", f"There is a plan {new.slug} already.", errors={"slug": "is taken"}) from error
        audit.record(control, actor, "plan.created", new.slug)
    return get(control, new.slug)


def change(control: Database, actor: Actor, slug: str, change: PlanChange) -> Plan:
    """Holds for all tenants of the plan from now on, also where they use more: that stays, and nothing is added.

    Raises Problem(not_found), Problem(invalid) with the fields at fault.
    """
    actor.need("owner")
    given = _checked(change)
    with control.transaction():
        before = get(control, slug)
        if "flags" in given:
            given["flags"] = records.dump(merged(before.flags, given["flags"]))
        if given:
            control.update("plans", {"slug": slug}, **given, updated_at=clock.iso())
            audit.record(control, actor, "plan.changed", slug)
            control.note(BOUNDS_CHANGED)
    return get(control, slug)


def remove(control: Database, actor: Actor, slug: str) -> None:
    """Raises Problem(not_found), Problem(conflict) while a tenant is on it."""
    actor.need("owner")
    with control.transaction():
        plan = get(control, slug)
        if plan.tenants:
            many = f"{plan.tenants} tenants are" if plan.tenants != 1 else "1 tenant is"
            raise Problem("conflict", f"{many} on the plan {plan.name}. Give them another one first.")
        if int(control.value("SELECT COUNT(*) AS n FROM plans")) == 1:
            raise Problem("conflict", "A box has at least one plan.")
        control.delete("plans", slug=slug)
        audit.record(control, actor, "plan.removed", slug)


def merged(flags_now: dict[str, bool], given: dict[str, bool | None]) -> dict[str, bool]:
    """The switches with some set or, where null, left to what is usual again."""
    return {name: on for name, on in ({**flags_now, **given}).items() if on is not None}


def sane(name: str, value: int | None) -> None:
    """Raises Problem(invalid) for what is no limit."""
    if value is not None and not 0 <= value <= MOST:
        raise invalid(**{name: "give a whole number from 0, or nothing for no limit"})


def _checked(change: PlanChange) -> dict[str, Any]:
    fields = ("name", "price_nano", *LIMITS, "flags")
    given = {name: getattr(change, name) for name in fields}
    given = {name: value for name, value in given.items() if value is not msgspec.UNSET}
    if "name" in given:
        given["name"] = given["name"].strip()
        if not given["name"] or len(given["name"]) > 60:
            raise invalid(name="give the plan a name of at most 60 letters")
    for name in ("price_nano", *LIMITS):
        sane(name, given.get(name))
    flags.check(given.get("flags", {}))
    return given
