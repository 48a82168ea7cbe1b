"""Every tenant keeps an owner who can sign in, and so does the box."""

from appliance.db.database import Database
from appliance.errors import Problem

_LEFT = """
SELECT COUNT(*) AS n FROM memberships m JOIN users u ON u.id = m.user_id
WHERE m.tenant_id = :tenant AND m.role = 'owner' AND m.user_id <> :user AND u.disabled = FALSE
"""
_LEFT_OF_BOX = "SELECT COUNT(*) AS n FROM users WHERE box_owner = TRUE AND disabled = FALSE AND id <> :user"


def keep_one(control: Database, tenant_id: str, user_id: str) -> None:
    """Before a person stops being owner, in a transaction. Raises Problem(conflict) for the last one."""
    # The counter's row lock makes two owners who leave at once wait for each other.
    control.next_number("owners")
    which = {"tenant": tenant_id, "user": user_id}
    role = control.value("SELECT role FROM memberships WHERE tenant_id = :tenant AND user_id = :user", which)
    if role == "owner" and not control.value(_LEFT, which):
        raise Problem("conflict", "This is the last owner. Make somebody else owner first.")


def keep_one_of_box(control: Database, user_id: str) -> None:
    """Before a person stops being owner of the box, in a transaction. Raises Problem(conflict) for the last one."""
    control.next_number("owners")
    one = control.value("SELECT box_owner FROM users WHERE id = :user", {"user": user_id})
    if one and not control.value(_LEFT_OF_BOX, {"user": user_id}):
        raise Problem("conflict", "This is the last owner of the box. Appoint somebody else first.")
