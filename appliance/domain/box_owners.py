"""Box owners: people who answer for the box as a whole. Being one opens no tenant's data."""

from appliance.db.database import Database
from appliance.domain import audit, owners, records
from appliance.domain.actor import Actor
from appliance.domain.users import User
from appliance.errors import not_found


def every(control: Database) -> list[User]:
    rows = control.rows("SELECT * FROM users WHERE box_owner = TRUE ORDER BY email")
    return [records.to(User, row) for row in rows]


def is_one(control: Database, user_id: str) -> bool:
    sql = "SELECT 1 AS one FROM users WHERE id = :user AND box_owner = TRUE AND disabled = FALSE"
    return control.one(sql, {"user": user_id}) is not None


def appoint(control: Database, actor: Actor, user_id: str) -> None:
    """Raises Problem(not_found), Problem(forbidden) for a key."""
    actor.refuse_key("appoint an owner of the box")
    with control.transaction():
        if not control.update("users", {"id": user_id}, box_owner=True):
            raise not_found("user")
        audit.record(control, actor, "box_owner.appointed", user_id)


def dismiss(control: Database, actor: Actor, user_id: str) -> None:
    """Raises Problem(not_found) for somebody who is none, Problem(conflict) for the last one who can sign in.

    Problem(forbidden) for a key.
    """
    actor.refuse_key("dismiss an owner of the box")
    with control.transaction():
        owners.keep_one_of_box(control, user_id)
        if not control.execute("UPDATE users SET box_owner = FALSE WHERE id = :id AND box_owner", {"id": user_id}):
            raise not_found("box owner")
        audit.record(control, actor, "box_owner.dismissed", user_id)
