"""The users of the box, as those who answer for it see them: with tenants and roles, without the tenants' data."""

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.users import User


class Belongs(msgspec.Struct, frozen=True):
    tenant: str
    role: str


class Person(User, frozen=True, kw_only=True):
    """`sessions` is how many are open; `seen_at` the last use of one of them."""

    tenants: list[Belongs]
    sessions: int
    seen_at: str | None


def page(control: Database, q: str = "", limit: int = records.LIMIT, cursor: str = "") -> records.Page[Person]:
    """By e-mail address; `q` is a part of address or name. Raises Problem(bad_cursor)."""
    after = records.read_cursor(cursor, str)[0] if cursor else ""
    rows = control.rows(
        """SELECT id, email, name, theme, disabled, created_at, box_owner, totp_at FROM users
           WHERE email > :after AND (:q = '' OR lower(email) LIKE :part OR lower(name) LIKE :part)
           ORDER BY email LIMIT :limit""",
        {"after": after, "q": q.strip(), "part": f"%{q.strip().lower()}%", "limit": limit + 1},
    )
    marks, ids = records.named([row["id"] for row in rows])
    found = {row["id"]: row | {"tenants": [], "sessions": 0, "seen_at": None} for row in rows}
    if not rows:
        return records.Page([])
    belongs = f"""SELECT m.user_id, t.slug AS tenant, m.role FROM memberships m JOIN tenants t ON t.id = m.tenant_id
                  WHERE m.user_id IN ({marks}) ORDER BY t.slug"""
    for row in control.rows(belongs, ids):
        found[row["user_id"]]["tenants"].append({"tenant": row["tenant"], "role": row["role"]})
    open_ = f"""SELECT user_id, COUNT(*) AS sessions, MAX(seen_at) AS seen_at FROM sessions
                WHERE user_id IN ({marks}) AND expires_at > :now GROUP BY user_id"""
    for row in control.rows(open_, ids | {"now": clock.iso()}):
        found[row["user_id"]] |= {"sessions": row["sessions"], "seen_at": row["seen_at"]}
    return records.page([records.to(Person, row) for row in found.values()], limit, lambda one: (one.email,))
