"""Sign-in links: a secret address that opens a session for one person until it expires."""

from appliance import clock, crypto, ids
from appliance.db.database import Database
from appliance.domain import audit
from appliance.domain.actor import Actor
from appliance.errors import Problem


def new(control: Database, actor: Actor, user_id: str, hours: float) -> str:
    """The token; the table keeps only its digest."""
    token = ids.token()
    with control.transaction():
        control.execute("DELETE FROM sign_in_links WHERE expires_at < :now", {"now": clock.iso()})
        row = {"digest": crypto.digest(token), "user_id": user_id, "expires_at": clock.ahead(hours * 3600)}
        control.insert("sign_in_links", row)
        audit.record(control, actor, "sign_in_link.made", user_id)
    return token


def user_of(control: Database, token: str) -> str:
    """The person it signs in. Raises Problem(expired)."""
    sql = """SELECT l.user_id FROM sign_in_links l JOIN users u ON u.id = l.user_id
             WHERE l.digest = :digest AND l.expires_at > :now AND u.disabled = FALSE"""
    user_id = control.value(sql, {"digest": crypto.digest(token), "now": clock.iso()})
    if user_id is None:
        raise Problem("expired", "This sign-in link is not valid any more. Sign in with your password.")
    return str(user_id)
