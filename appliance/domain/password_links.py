"""Links to a new password: one for each person at a time, used once, within half an hour."""

from appliance import clock, crypto, ids
from appliance.db.database import Database
from appliance.domain import audit, members, passwords, throttle, users
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.users import User
from appliance.errors import Problem, not_found

MINUTES = 30
ENDED = "This link is not valid any more. Ask for another one."


def ask(control: Database, email: str, address: str) -> None:
    """Count a request, for a known address as for an unknown one. Raises Problem(rate_limited)."""
    throttle.guess(control, f"reset-from:{address}")
    throttle.guess(control, f"reset:{users.normalise(email)[:254]}")


def for_email(control: Database, email: str) -> tuple[User, str] | None:
    """The person and the token to send them; None where nobody may get one."""
    with control.transaction():
        try:
            user = users.by_email(control, email)
        except Problem:
            return None
        return None if user.disabled else (user, _new(control, SYSTEM, user.id))


def for_member(control: Database, actor: Actor, tenant_id: str, user_id: str) -> str:
    """The token, for an admin to hand over. Raises Problem(forbidden) as `members.may_reset` does."""
    with control.transaction():
        if members.may_reset(control, actor, tenant_id, user_id).disabled:
            raise not_found("member who can sign in")
        return _new(control, actor, user_id, tenant_id)


def user_of(control: Database, token: str) -> User:
    """Raises Problem(expired)."""
    sql = """SELECT l.user_id FROM password_links l JOIN users u ON u.id = l.user_id
             WHERE l.digest = :digest AND l.expires_at > :now AND u.disabled = FALSE"""
    user_id = control.value(sql, {"digest": crypto.digest(token), "now": clock.iso()})
    if user_id is None:
        raise Problem("expired", ENDED)
    return users.by_id(control, user_id)


def use(control: Database, token: str, password: str) -> User:
    """Set the password and end the sessions. Raises Problem(expired), Problem(invalid); the link stays then."""
    with control.transaction():
        user = user_of(control, token)
        if not control.delete("password_links", digest=crypto.digest(token)):
            raise Problem("expired", ENDED)
        passwords.reset(control, Actor("member", user.id, user.name), user.id, password)
    return user


def _new(control: Database, actor: Actor, user_id: str, tenant_id: str | None = None) -> str:
    token = ids.token()
    control.execute(
        "DELETE FROM password_links WHERE expires_at < :now OR user_id = :user", {"now": clock.iso(), "user": user_id}
    )
    row = {"digest": crypto.digest(token), "user_id": user_id, "expires_at": clock.ahead(MINUTES * 60)}
    control.insert("password_links", row)
    audit.record(control, actor, "password_link.made", user_id, tenant_id)
    return token
