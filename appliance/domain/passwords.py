"""Passwords of people: their length, how they are checked, and how they are replaced."""

from functools import cache

from appliance import crypto, ids
from appliance.db.database import Database, Row
from appliance.domain import audit, throttle
from appliance.domain.actor import Actor
from appliance.errors import invalid, not_found

SHORTEST = 10
LONGEST = 1000


def right(user: Row | None, password: str) -> bool:
    """Takes the same time for a known and an unknown user, so that an answer does not tell which it was."""
    stored = user["password"] if user else _nobodys()
    return crypto.verify_password(stored, password[:LONGEST]) and user is not None


def fault(password: str) -> str:
    """What is wrong with a new password, "" when it can be taken."""
    if len(password) < SHORTEST:
        return f"take at least {SHORTEST} characters"
    return f"take at most {LONGEST} characters" if len(password) > LONGEST else ""


def reset(control: Database, actor: Actor, user_id: str, password: str) -> None:
    """Ends every session of the person. Raises Problem(invalid) for a password of the wrong length."""
    if wrong := fault(password):
        raise invalid(password=wrong)
    hashed = crypto.hash_password(password)
    with control.transaction():
        if not control.update("users", {"id": user_id}, password=hashed):
            raise not_found("user")
        control.delete("sessions", user_id=user_id)
        audit.record(control, actor, "user.password_set", user_id)


def change(control: Database, actor: Actor, user_id: str, current: str, password: str) -> None:
    """A person's own change. Raises Problem(invalid) when `current` is not their password, Problem(rate_limited)."""
    prove(control, user_id, current)
    reset(control, actor, user_id, password)


def prove(control: Database, user_id: str, current: str) -> None:
    """A signed-in person shows that they know their password; guesses at an open session are slowed down too."""
    throttle.guess(control, f"password:{user_id}")
    user = control.one("SELECT password FROM users WHERE id = :id", {"id": user_id})
    if not right(user, current):
        raise invalid(current="is not your password")
    throttle.right(control, f"password:{user_id}")


@cache
def _nobodys() -> str:
    return crypto.hash_password(ids.token())
