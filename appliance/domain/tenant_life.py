"""The life of a tenant: active and suspended, then grace, trash and purged. Each move is one verb."""

import msgspec

from appliance import clock
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import audit, members, tenants, users
from appliance.domain.actor import Actor
from appliance.domain.tenants import Tenant
from appliance.domain.users import User
from appliance.errors import Problem, invalid

GRACE_DAYS = 30
TRASH_DAYS = 7
LEAVING = ("grace", "trash")
REASON_LIMIT = 300
# Whether a person who owns an active tenant other than this one, and the box when `box`, can still sign in.
_LEFT = """
SELECT 1 AS one FROM memberships m JOIN users u ON u.id = m.user_id JOIN tenants t ON t.id = m.tenant_id
WHERE m.role = 'owner' AND u.disabled = FALSE AND t.state = 'active' AND t.id <> :tenant
AND (u.box_owner = TRUE OR :box = 0) LIMIT 1
"""
_OF_BOX_OWNER = """
SELECT 1 AS one FROM memberships m JOIN users u ON u.id = m.user_id
WHERE m.tenant_id = :tenant AND m.role = 'owner' AND u.box_owner = TRUE AND u.disabled = FALSE LIMIT 1
"""


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: str = ""


class Confirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`confirm` is the slug, typed."""

    confirm: str = ""


class NewTenant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`owner` is the e-mail address of a person of this box who gets the role owner in it; "" for nobody yet.

    `plan` "" is the usual one.
    """

    slug: str
    name: str = ""
    owner: str = ""
    plan: str = ""


def found(catalogue: Catalogue, control: Database, vault: Vault, actor: Actor, new: NewTenant) -> Tenant:
    """A new tenant, with its first owner. Raises Problem(invalid) with a fault per field, Problem(duplicate)."""
    actor.need("owner")
    tenants.check_slug(new.slug)
    owner = first_owner(control, new.owner)
    plan = tenants.plan_for(control, new.plan)
    name = new.name.strip() or new.slug.replace("-", " ").title()
    with tenants.provisioned(catalogue, vault) as made, control.transaction():
        tenant = tenants.insert(control, actor, made, new.slug, name, plan)
        if owner:
            members.join(control, actor, tenant.id, owner.id, "owner")
    return tenant


def suspend(control: Database, actor: Actor, tenant_id: str, reason: str = "") -> Tenant:
    """Its people and programs are refused and its runs held, until it is resumed. Again only changes the reason.

    Raises Problem(conflict) while it is being deleted, and where the box would be left without an owner's tenant.
    """
    actor.need("owner")
    if len(reason) > REASON_LIMIT:
        raise invalid(reason=f"take at most {REASON_LIMIT} characters")
    with control.transaction():
        tenant = _held(control, tenant_id)
        if (tenant.state, tenant.suspended_reason) == ("suspended", reason.strip()):
            return tenant
        if tenant.state in LEAVING:
            raise Problem("conflict", f"{tenant.slug} is being deleted, so nothing works in it already.")
        if tenant.state == "active":
            _keep_one(control, tenant)
        said = f"{tenant.slug}: {reason.strip()}" if reason.strip() else tenant.slug
        return _move(control, actor, tenant, "suspended", said, suspended_reason=reason.strip())


def resume(control: Database, actor: Actor, tenant_id: str) -> Tenant:
    """Held runs go on. Of an active tenant it changes nothing; Problem(conflict) while it is being deleted."""
    actor.need("owner")
    with control.transaction():
        tenant = _held(control, tenant_id)
        if tenant.state in LEAVING:
            raise Problem("conflict", f"{tenant.slug} is being deleted. Undelete it first.")
        if tenant.state == "active":
            return tenant
        return _move(control, actor, tenant, "active", verb="resumed", suspended_reason="")


def delete(control: Database, actor: Actor, tenant_id: str, confirm: str) -> Tenant:
    """Begin the grace: for 30 days its owners read and export, and nothing else works. Twice is once.

    Raises Problem(invalid) unless `confirm` is the slug, Problem(conflict) where the box would be left without an
    owner's tenant.
    """
    actor.need("owner")
    with control.transaction():
        tenant = _held(control, tenant_id)
        check_typed(tenant, confirm)
        if tenant.state in LEAVING:
            return tenant
        if tenant.state == "active":
            _keep_one(control, tenant)
        until = clock.ahead(GRACE_DAYS * 86400)
        return _move(control, actor, tenant, "grace", f"{tenant.slug} until {until[:10]}", "deleted", state_until=until)


def undelete(control: Database, actor: Actor, tenant_id: str) -> Tenant:
    """Back to what it was, active or suspended. Of a tenant that is not being deleted it changes nothing."""
    actor.need("owner")
    with control.transaction():
        tenant = _held(control, tenant_id)
        if tenant.state not in LEAVING:
            return tenant
        back = "suspended" if tenant.suspended_reason else "active"
        return _move(control, actor, tenant, back, verb="undeleted")


def trash(control: Database, actor: Actor, tenant_id: str) -> Tenant:
    """When the grace is over: nobody gets in for 7 days, in which it can be undeleted."""
    with control.transaction():
        tenant = _held(control, tenant_id)
        if tenant.state != "grace":
            return tenant
        until = clock.ahead(TRASH_DAYS * 86400)
        return _move(
            control,
            actor,
            tenant,
            "trash",
            f"{tenant.slug} until {until[:10]}",
            state_until=until,
            state_by=tenant.state_by,
        )


def check_typed(tenant: Tenant, confirm: str) -> None:
    """Raises Problem(invalid)."""
    if confirm.strip() != tenant.slug:
        raise invalid(confirm=f"type {tenant.slug} to confirm")


def over(control: Database, state: str) -> list[Tenant]:
    """Those whose time in the state is over."""
    found = [tenant for tenant in tenants.every(control) if tenant.state == state]
    return [tenant for tenant in found if tenant.state_until and tenant.state_until <= clock.iso()]


def first_owner(control: Database, email: str) -> User | None:
    """None for nobody yet. Raises Problem(invalid) for a person who is not on this box."""
    if not email.strip():
        return None
    try:
        return users.by_email(control, email)
    except Problem as problem:
        raise invalid(owner="there is no such person on this box yet") from problem


def _held(control: Database, tenant_id: str) -> Tenant:
    """The tenant, which nobody else moves before the transaction ends. Raises Problem(not_found)."""
    # The counter's row lock makes two who would each leave the other's tenant as the last wait for each other.
    control.next_number("owners")
    tenant = tenants.by_id(control, tenant_id)
    if tenant.state == "purged":
        raise Problem("conflict", "This tenant was purged: nothing of it is left.")
    return tenant


def _move(
    control: Database, actor: Actor, tenant: Tenant, to: str, said: str = "", verb: str = "", **values: str
) -> Tenant:
    row: dict[str, str | None] = {"state": to, "state_at": clock.iso(), "state_by": actor.label, "state_until": None}
    control.update("tenants", {"id": tenant.id}, **(row | values))
    audit.record(control, actor, f"tenant.{verb or to}", said or tenant.slug, tenant.id)
    return tenants.by_id(control, tenant.id)


def _keep_one(control: Database, tenant: Tenant) -> None:
    """Raises Problem(conflict) for the last active tenant that somebody owns, or that an owner of the box does."""
    box = 1 if control.one(_OF_BOX_OWNER, {"tenant": tenant.id}) else 0
    if control.one(_LEFT, {"tenant": tenant.id, "box": box}) is None:
        whose = "an owner of the box has" if box else "has an owner"
        raise Problem("conflict", f"{tenant.slug} is the last active tenant that {whose}. Make another one first.")
