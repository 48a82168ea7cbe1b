"""Members: people in a tenant, each with a role."""

import msgspec

from appliance import clock
from appliance.db.database import Database, Duplicate
from appliance.domain import audit, box_owners, owners, passwords, records, users
from appliance.domain.actor import ROLES, Actor, Role
from appliance.domain.users import User
from appliance.errors import Problem, invalid, not_found

_SELECT = (
    "SELECT u.id, u.email, u.name, u.theme, u.disabled, u.totp_at, m.role, m.tenant_id, m.created_at "
    "FROM memberships m JOIN users u ON u.id = m.user_id "
)


class Member(msgspec.Struct, frozen=True):
    """A user in one tenant; `created_at` is when the membership began."""

    id: str
    email: str
    name: str
    role: Role
    theme: str
    disabled: bool
    created_at: str
    totp_at: str | None = None

    @property
    def actor(self) -> Actor:
        return Actor("member", self.id, self.name, self.role)


class NewMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`name` and `password` are needed for a person who is new to the box."""

    email: str
    role: Role = "operator"
    name: str = ""
    password: str = ""


class MemberChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    role: Role | None = None
    password: str | None = None


def every(control: Database, tenant_id: str) -> list[Member]:
    rows = control.rows(_SELECT + "WHERE m.tenant_id = :tenant ORDER BY u.name, u.id", {"tenant": tenant_id})
    return [records.to(Member, row) for row in rows]


def get(control: Database, tenant_id: str, user_id: str) -> Member:
    """Raises Problem(not_found) for a person who is not in the tenant."""
    sql = _SELECT + "WHERE m.tenant_id = :tenant AND u.id = :user"
    row = control.one(sql, {"tenant": tenant_id, "user": user_id})
    if row is None:
        raise not_found("member")
    return records.to(Member, row)


def add(control: Database, actor: Actor, tenant_id: str, new: NewMember) -> Member:
    """Add a person to a tenant; one who is new to the box gets the given name and password."""
    may_give(actor, new.role)
    with control.transaction():
        found = control.one("SELECT * FROM users WHERE email = :email", {"email": users.normalise(new.email)})
        user = records.to(User, found) if found else users.create(control, actor, new.email, new.name, new.password)
        return join(control, actor, tenant_id, user.id, new.role)


def join(control: Database, actor: Actor, tenant_id: str, user_id: str, role: Role) -> Member:
    """Raises Problem(duplicate) for a person who is a member already."""
    row = {"user_id": user_id, "tenant_id": tenant_id, "role": role, "created_at": clock.iso()}
    with control.transaction():
        try:
            control.insert("memberships", row)
        except Duplicate as error:
            raise Problem("duplicate", "This person is a member already.", errors={"email": "is a member"}) from error
        audit.record(control, actor, "member.added", f"{user_id} {role}", tenant_id)
    return get(control, tenant_id, user_id)


def change(control: Database, actor: Actor, tenant_id: str, user_id: str, change: MemberChange) -> Member:
    """Another role, another password, or both; all or nothing."""
    with control.transaction():
        if change.role is not None:
            change_role(control, actor, tenant_id, user_id, change.role)
        if change.password is not None:
            reset_password(control, actor, tenant_id, user_id, change.password)
        return get(control, tenant_id, user_id)


def change_role(control: Database, actor: Actor, tenant_id: str, user_id: str, role: Role) -> Member:
    """Raises Problem(forbidden) above the actor's own role, Problem(conflict) for the last owner."""
    may_give(actor, role)
    with control.transaction():
        before = _touchable(control, actor, tenant_id, user_id)
        if role != "owner":
            owners.keep_one(control, tenant_id, user_id)
        control.update("memberships", {"tenant_id": tenant_id, "user_id": user_id}, role=role)
        audit.record(control, actor, "member.role_changed", f"{user_id} {before.role} → {role}", tenant_id)
    return get(control, tenant_id, user_id)


def remove(control: Database, actor: Actor, tenant_id: str, user_id: str) -> None:
    """The person stays a user of the box. Raises Problem(conflict) for the last owner."""
    with control.transaction():
        _touchable(control, actor, tenant_id, user_id)
        owners.keep_one(control, tenant_id, user_id)
        control.delete("memberships", tenant_id=tenant_id, user_id=user_id)
        audit.record(control, actor, "member.removed", user_id, tenant_id)


def leave(control: Database, actor: Actor, tenant_id: str, user_id: str) -> None:
    """A person's own step out of the tenant. Raises Problem(conflict) for the last owner."""
    with control.transaction():
        get(control, tenant_id, user_id)
        owners.keep_one(control, tenant_id, user_id)
        control.delete("memberships", tenant_id=tenant_id, user_id=user_id)
        audit.record(control, actor, "member.left", user_id, tenant_id)


def reset_password(control: Database, actor: Actor, tenant_id: str, user_id: str, password: str) -> None:
    """As `may_reset` allows. Ends the person's sessions."""
    may_reset(control, actor, tenant_id, user_id)
    passwords.reset(control, actor, user_id, password)


def may_reset(control: Database, actor: Actor, tenant_id: str, user_id: str) -> Member:
    """Raises Problem(forbidden) for a person of other tenants or of the box: their password is not this tenant's."""
    found = _touchable(control, actor, tenant_id, user_id)
    if control.value("SELECT COUNT(*) FROM memberships WHERE user_id = :user", {"user": user_id}) > 1:
        raise Problem("forbidden", "This person belongs to other tenants too; the owner of the box can reset it.")
    if user_id != actor.id and box_owners.is_one(control, user_id):
        raise Problem("forbidden", "This person answers for the whole box; they reset it themselves.")
    return found


def _touchable(control: Database, actor: Actor, tenant_id: str, user_id: str) -> Member:
    found = get(control, tenant_id, user_id)
    if ROLES.index(found.role) > ROLES.index(actor.role):
        raise Problem("forbidden", f"{found.name} is {found.role}; you are {actor.role}.")
    return found


def may_give(actor: Actor, role: Role) -> None:
    """Raises Problem(invalid), Problem(forbidden) for a role above the actor's own."""
    if role not in ROLES:
        raise invalid(role=f"take one of {', '.join(ROLES)}")
    if ROLES.index(role) > ROLES.index(actor.role):
        raise Problem("forbidden", f"You are {actor.role} and can't make anybody {role}.")
