"""Sessions of people, kept on the server; the browser holds a token and the table only its digest."""

import msgspec

from appliance import clock, crypto, ids
from appliance.db.database import Database, Row
from appliance.domain import audit, records
from appliance.domain.actor import Actor
from appliance.errors import Problem, not_found

TOUCH_SECONDS = 60
NAME = 16


class Session(msgspec.Struct, frozen=True):
    digest: str
    user_id: str
    client: str
    created_at: str
    seen_at: str
    expires_at: str

    @property
    def name(self) -> str:
        """What the person's own list calls it; opens nothing."""
        return self.digest[:NAME]


def start(control: Database, user_id: str, client: str, hours: int) -> str:
    """The token for the browser. `client` says where from, for the person's own list."""
    token, at = ids.token(), clock.iso()
    row: Row = {"digest": crypto.digest(token), "user_id": user_id, "client": client[:200], "created_at": at}
    control.insert("sessions", row | {"seen_at": at, "expires_at": clock.ahead(hours * 3600)})
    return token


def find(control: Database, token: str, hours: int) -> Session:
    """The session, its end moved ahead at most once a minute. Raises Problem(session_expired)."""
    sql = (
        "SELECT s.* FROM sessions s JOIN users u ON u.id = s.user_id "
        "WHERE s.digest = :digest AND s.expires_at > :now AND u.disabled = FALSE"
    )
    row = control.one(sql, {"digest": crypto.digest(token), "now": clock.iso()})
    if row is None:
        raise Problem("session_expired", "The session has ended. Sign in again.")
    if row["seen_at"] < clock.ahead(-TOUCH_SECONDS):
        slid = {"seen_at": clock.iso(), "expires_at": clock.ahead(hours * 3600)}
        control.update("sessions", {"digest": row["digest"]}, **slid)
        row |= slid
    return records.to(Session, row)


def of_user(control: Database, user_id: str) -> list[Session]:
    sql = "SELECT * FROM sessions WHERE user_id = :user AND expires_at > :now ORDER BY seen_at DESC"
    return [records.to(Session, row) for row in control.rows(sql, {"user": user_id, "now": clock.iso()})]


def revoke(control: Database, token: str) -> None:
    control.delete("sessions", digest=crypto.digest(token))


def revoke_one(control: Database, actor: Actor, user_id: str, name: str) -> None:
    """Raises Problem(not_found) for one that has ended or is somebody else's."""
    sql = f"DELETE FROM sessions WHERE user_id = :user AND substr(digest, 1, {NAME}) = :name"
    with control.transaction():
        if not control.execute(sql, {"user": user_id, "name": name}):
            raise not_found("session")
        audit.record(control, actor, "session.revoked", user_id)


def revoke_others(control: Database, actor: Actor, user_id: str, token: str) -> int:
    """All but the one that asks; how many ended."""
    sql = "DELETE FROM sessions WHERE user_id = :user AND digest <> :digest"
    with control.transaction():
        ended = control.execute(sql, {"user": user_id, "digest": crypto.digest(token)})
        audit.record(control, actor, "sessions.revoked", user_id)
    return ended


def revoke_all(control: Database, actor: Actor, user_id: str) -> int:
    with control.transaction():
        ended = control.delete("sessions", user_id=user_id)
        audit.record(control, actor, "sessions.revoked", user_id)
    return ended


def prune(control: Database) -> int:
    return control.execute("DELETE FROM sessions WHERE expires_at <= :now", {"now": clock.iso()})
