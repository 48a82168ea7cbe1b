"""People: users of the box, and their memberships in tenants with a role."""

import re
from functools import cache
from typing import Literal, get_args

import msgspec

from appliance import clock, crypto, ids
from appliance.db.database import Database, Duplicate, Row
from appliance.domain import audit, records
from appliance.domain.actor import ROLES, Actor, Role
from appliance.errors import Problem, invalid, not_found

PASSWORD_MIN = 10
PASSWORD_MAX = 1000
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
Theme = Literal["system", "light", "dark"]
_MEMBERS = (
    "SELECT u.id, u.email, u.name, u.theme, u.disabled, m.role, m.tenant_id, m.created_at "
    "FROM memberships m JOIN users u ON u.id = m.user_id "
)


class User(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str
    theme: str
    disabled: bool
    created_at: str


class Member(msgspec.Struct, frozen=True):
    """A user in one tenant; `created_at` is when the membership began."""

    id: str
    email: str
    name: str
    role: Role
    theme: str
    disabled: bool
    created_at: str

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


def create(control: Database, actor: Actor, email: str, name: str, password: str) -> User:
    """Raises Problem(invalid) with a fault per field, Problem(duplicate) when the e-mail address is taken."""
    email, name = normalise(email), name.strip()
    _check(email, name, password)
    user = User(ids.new(), email, name, "system", False, clock.iso())
    with control.transaction():
        try:
            control.insert("users", msgspec.structs.asdict(user) | {"password": crypto.hash_password(password)})
        except Duplicate as error:
            raise Problem("duplicate", f"There is a user {email} already.", errors={"email": "is taken"}) from error
        audit.record(control, actor, "user.created", email)
    return user


def normalise(email: str) -> str:
    return email.strip().lower()


def by_id(control: Database, user_id: str) -> User:
    return _user(control.one("SELECT * FROM users WHERE id = :id", {"id": user_id}))


def by_email(control: Database, email: str) -> User:
    return _user(control.one("SELECT * FROM users WHERE email = :email", {"email": normalise(email)}))


def every(control: Database) -> list[User]:
    return [records.to(User, row) for row in control.rows("SELECT * FROM users ORDER BY email")]


def verify(control: Database, email: str, password: str) -> User:
    """Raises Problem(bad_credentials), after the same work for a known and an unknown address."""
    row = control.one("SELECT * FROM users WHERE email = :email", {"email": normalise(email)})
    right = crypto.verify_password(row["password"] if row else _nobody(), password[:PASSWORD_MAX])
    if row is None or not right or row["disabled"]:
        raise Problem("bad_credentials", "E-mail or password is wrong.")
    return records.to(User, row)


def set_password(control: Database, actor: Actor, user_id: str, password: str) -> None:
    """Ends every session of the person. Raises Problem(invalid) for a short password."""
    _check_password(password)
    with control.transaction():
        if not control.update("users", {"id": user_id}, password=crypto.hash_password(password)):
            raise not_found("user")
        control.delete("sessions", user_id=user_id)
        audit.record(control, actor, "user.password_set", user_id)


def change_password(control: Database, actor: Actor, user_id: str, current: str, password: str) -> None:
    """A person's own change. Raises Problem(invalid) when `current` is not their password."""
    try:
        verify(control, by_id(control, user_id).email, current)
    except Problem as error:
        raise invalid(current="is not your password") from error
    set_password(control, actor, user_id, password)


def set_theme(control: Database, user_id: str, theme: str) -> None:
    if theme not in get_args(Theme):
        raise invalid(theme="take system, light or dark")
    control.update("users", {"id": user_id}, theme=theme)


def disable(control: Database, actor: Actor, user_id: str) -> None:
    """Ends every session. Raises Problem(conflict) when a tenant would be left without an active owner."""
    with control.transaction():
        control.next_number("owners")
        for row in control.rows("SELECT tenant_id, role FROM memberships WHERE user_id = :id", {"id": user_id}):
            _keep_an_owner(control, row["tenant_id"], user_id, row["role"])
        if not control.update("users", {"id": user_id}, disabled=True):
            raise not_found("user")
        control.delete("sessions", user_id=user_id)
        audit.record(control, actor, "user.disabled", user_id)


def members(control: Database, tenant_id: str) -> list[Member]:
    rows = control.rows(_MEMBERS + "WHERE m.tenant_id = :tenant ORDER BY u.name, u.id", {"tenant": tenant_id})
    return [records.to(Member, row) for row in rows]


def member(control: Database, tenant_id: str, user_id: str) -> Member:
    """Raises Problem(not_found) for a person who is not in the tenant."""
    sql = _MEMBERS + "WHERE m.tenant_id = :tenant AND u.id = :user"
    row = control.one(sql, {"tenant": tenant_id, "user": user_id})
    if row is None:
        raise not_found("member")
    return records.to(Member, row)


def add_member(control: Database, actor: Actor, tenant_id: str, new: NewMember) -> Member:
    """Add a person to a tenant; one who is new to the box gets the given name and password."""
    _may_give(actor, new.role)
    with control.transaction():
        found = control.one("SELECT * FROM users WHERE email = :email", {"email": normalise(new.email)})
        user = records.to(User, found) if found else create(control, actor, new.email, new.name, new.password)
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
    return member(control, tenant_id, user_id)


def change_role(control: Database, actor: Actor, tenant_id: str, user_id: str, role: Role) -> Member:
    """Raises Problem(forbidden) above the actor's own role, Problem(conflict) for the last owner."""
    _may_give(actor, role)
    with control.transaction():
        control.next_number("owners")
        before = _touchable(control, actor, tenant_id, user_id)
        if role != "owner":
            _keep_an_owner(control, tenant_id, user_id, before.role)
        control.update("memberships", {"tenant_id": tenant_id, "user_id": user_id}, role=role)
        audit.record(control, actor, "member.role_changed", f"{user_id} {before.role} → {role}", tenant_id)
    return member(control, tenant_id, user_id)


def remove(control: Database, actor: Actor, tenant_id: str, user_id: str) -> None:
    """The person stays a user of the box. Raises Problem(conflict) for the last owner."""
    with control.transaction():
        control.next_number("owners")
        before = _touchable(control, actor, tenant_id, user_id)
        _keep_an_owner(control, tenant_id, user_id, before.role)
        control.delete("memberships", tenant_id=tenant_id, user_id=user_id)
        audit.record(control, actor, "member.removed", user_id, tenant_id)


def reset_member_password(control: Database, actor: Actor, tenant_id: str, user_id: str, password: str) -> None:
    """Refused for a person who is in other tenants too: their password is not this tenant's to set."""
    _touchable(control, actor, tenant_id, user_id)
    if control.value("SELECT COUNT(*) FROM memberships WHERE user_id = :user", {"user": user_id}) > 1:
        raise Problem("forbidden", "This person belongs to other tenants too; the owner of the box can reset it.")
    set_password(control, actor, user_id, password)


def _touchable(control: Database, actor: Actor, tenant_id: str, user_id: str) -> Member:
    found = member(control, tenant_id, user_id)
    if ROLES.index(found.role) > ROLES.index(actor.role):
        raise Problem("forbidden", f"{found.name} is {found.role}; you are {actor.role}.")
    return found


def _may_give(actor: Actor, role: Role) -> None:
    if role not in ROLES:
        raise invalid(role=f"take one of {', '.join(ROLES)}")
    if ROLES.index(role) > ROLES.index(actor.role):
        raise Problem("forbidden", f"You are {actor.role} and can't make anybody {role}.")


def _keep_an_owner(control: Database, tenant_id: str, user_id: str, role: str) -> None:
    others = (
        "SELECT COUNT(*) FROM memberships m JOIN users u ON u.id = m.user_id "
        "WHERE m.tenant_id = :tenant AND m.role = 'owner' AND m.user_id <> :user AND u.disabled = FALSE"
    )
    if role == "owner" and not control.value(others, {"tenant": tenant_id, "user": user_id}):
        raise Problem("conflict", "This is the last owner. Make somebody else owner first.")


def _check(email: str, name: str, password: str) -> None:
    faults = {}
    if not EMAIL.fullmatch(email) or len(email) > 254:
        faults["email"] = "is not an e-mail address"
    if not name or len(name) > 200:
        faults["name"] = "give a name of at most 200 characters"
    if fault := _password_fault(password):
        faults["password"] = fault
    if faults:
        raise invalid(**faults)


def _check_password(password: str) -> None:
    if fault := _password_fault(password):
        raise invalid(password=fault)


def _password_fault(password: str) -> str:
    if len(password) < PASSWORD_MIN:
        return f"take at least {PASSWORD_MIN} characters"
    return f"take at most {PASSWORD_MAX} characters" if len(password) > PASSWORD_MAX else ""


def _user(row: Row | None) -> User:
    if row is None:
        raise not_found("user")
    return records.to(User, row)


@cache
def _nobody() -> str:
    return crypto.hash_password(ids.token())
