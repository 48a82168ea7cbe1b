"""Users: people who can sign in to this box."""

import re
from typing import Literal, get_args

import msgspec

from appliance import clock, crypto, ids
from appliance.db.database import Database, Duplicate, Row
from appliance.domain import audit, owners, passwords, records
from appliance.domain.actor import Actor
from appliance.errors import Problem, invalid, not_found

EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
Theme = Literal["system", "light", "dark"]


class User(msgspec.Struct, frozen=True):
    """`totp_at` is since when a code from their phone is asked at sign-in; None when it is not."""

    id: str
    email: str
    name: str
    theme: str
    disabled: bool
    created_at: str
    box_owner: bool = False
    totp_at: str | None = None


def create(control: Database, actor: Actor, email: str, name: str, password: str) -> User:
    """Raises Problem(invalid) with a fault per field, Problem(duplicate) when the e-mail address is taken."""
    email, name = normalise(email), name.strip()
    _check(email, name, password)
    user = User(ids.new(), email, name, "system", False, clock.iso())
    row = msgspec.structs.asdict(user) | {"password": crypto.hash_password(password)}
    with control.transaction():
        try:
            control.insert("users", row)
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
    if not passwords.right(row, password) or row is None or row["disabled"]:
        raise Problem("bad_credentials", "E-mail or password is wrong.")
    return records.to(User, row)


def set_theme(control: Database, user_id: str, theme: str) -> None:
    if theme not in get_args(Theme):
        raise invalid(theme="take system, light or dark")
    control.update("users", {"id": user_id}, theme=theme)


def disable(control: Database, actor: Actor, user_id: str) -> None:
    """Ends every session. Raises Problem(conflict) when a tenant or the box would be left without one who owns it."""
    with control.transaction():
        for row in control.rows("SELECT tenant_id FROM memberships WHERE user_id = :id", {"id": user_id}):
            owners.keep_one(control, row["tenant_id"], user_id)
        owners.keep_one_of_box(control, user_id)
        if not control.update("users", {"id": user_id}, disabled=True):
            raise not_found("user")
        control.delete("sessions", user_id=user_id)
        audit.record(control, actor, "user.disabled", user_id)


def enable(control: Database, actor: Actor, user_id: str) -> None:
    """They may sign in again. Raises Problem(not_found), Problem(forbidden) for a key."""
    actor.refuse_key("let somebody sign in")
    with control.transaction():
        if not control.update("users", {"id": user_id}, disabled=False):
            raise not_found("user")
        audit.record(control, actor, "user.enabled", user_id)


def _check(email: str, name: str, password: str) -> None:
    faults = {}
    if not EMAIL.fullmatch(email) or len(email) > 254:
        faults["email"] = "is not an e-mail address"
    if not name or len(name) > 200:
        faults["name"] = "give a name of at most 200 characters"
    if fault := passwords.fault(password):
        faults["password"] = fault
    if faults:
        raise invalid(**faults)


def _user(row: Row | None) -> User:
    if row is None:
        raise not_found("user")
    return records.to(User, row)
