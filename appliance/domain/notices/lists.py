"""The lists of notices: of one member or of all."""

from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.domain.notices import rows
from appliance.domain.notices.rows import Notice
from appliance.domain.records import Page
from appliance.errors import invalid

# held: quiet hours · sending: a sender has it · in_doubt: from before a restore · failed: given up.
STATES = ("queued", "held", "sending", "sent", "failed", "in_doubt", "folded", "dropped")


def listing(
    db: Database, member: str | None = None, state: str = "", limit: int = records.LIMIT, cursor: str = ""
) -> Page[Notice]:
    """Newest first; of one member or of all, in one state or in all. Raises Problem(invalid), Problem(bad_cursor)."""
    if state and state not in STATES:
        raise invalid(state=f"take one of {', '.join(STATES)}")
    given: Row = {"member": member, "state": state, "limit": max(1, min(limit, records.LIMIT_MAX))}
    tests = ["TRUE"] if member is None else ["member = :member"]
    tests += ["state = :state"] if state else []
    if cursor:
        given["id"] = records.read_cursor(cursor, str)[0]
        tests.append("id < :id")
    sql = f"SELECT * FROM notices WHERE {' AND '.join(tests)} ORDER BY id DESC LIMIT :limit + 1"
    return records.page([rows.notice(row) for row in db.rows(sql, given)], given["limit"], lambda one: (one.id,))


def counts(db: Database, member: str | None = None) -> dict[str, int]:
    """How many there are in each state."""
    where = "" if member is None else "WHERE member = :member"
    rows = db.rows(f"SELECT state, COUNT(*) AS n FROM notices {where} GROUP BY state", {"member": member})
    return {row["state"]: row["n"] for row in rows}
