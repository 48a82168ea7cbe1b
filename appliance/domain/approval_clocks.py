"""The clocks of an approval: it reminds, goes to the backup person, warns before it expires, and expires."""

from collections.abc import Callable

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import absences, approval_expiry
from appliance.domain.actor import SYSTEM
from appliance.domain.approval_rows import LIVE
from appliance.domain.approval_uses import tell

BATCH = 200


def sweep(db: Database) -> int:
    """Strike every clock that is due; how many there were. Called every second."""
    found = db.rows(_due(db), {"now": clock.iso()})
    if not found:
        return 0
    with db.transaction():
        return sum(_STRIKE[row["clock"]](db, row["id"]) for row in found)


def _remind(db: Database, approval_id: str) -> bool:
    sets = "reminders = reminders + 1"
    row = _strike(db, sets, f"remind_at <= {db.now_sql}", approval_id)
    if row is None:
        return False
    # From now on, not from when it was due: a box that was off reminds once.
    again = clock.ahead(row["remind_s"]) if row["remind_s"] else None
    db.update("approvals", {"id": approval_id}, remind_at=again)
    tell(db, SYSTEM, "reminded", row, reminders=row["reminders"])
    return True


def _escalate(db: Database, approval_id: str) -> bool:
    sets = "escalated_at = :now"
    row = _strike(db, sets, f"escalated_at IS NULL AND escalate_at <= {db.now_sql}", approval_id)
    if row is None:
        return False
    to = absences.responsible(db, row["backup_to"], None) or row["assigned_to"]
    db.update("approvals", {"id": approval_id}, assigned_to=to)
    tell(db, SYSTEM, "escalated", row, assigned_to=to)
    return True


def _warn(db: Database, approval_id: str) -> bool:
    row = _strike(db, "warn_at = NULL", f"warn_at <= {db.now_sql}", approval_id)
    if row is None:
        return False
    tell(db, SYSTEM, "expiring", row, expires_at=row["expires_at"])
    return True


def _strike(db: Database, sets: str, due: str, approval_id: str) -> Row | None:
    sql = f"UPDATE approvals SET {sets} WHERE id = :id AND state = 'pending' AND {due} RETURNING *"
    return db.one(sql, {"id": approval_id, "now": clock.iso()})


def _due(db: Database) -> str:
    parts = (
        f"SELECT id, 'expire' AS clock FROM approvals WHERE state IN {LIVE} AND expires_at <= {db.now_sql}",
        f"SELECT id, 'remind' FROM approvals WHERE state = 'pending' AND remind_at <= {db.now_sql}",
        f"""SELECT id, 'escalate' FROM approvals
          WHERE state = 'pending' AND escalated_at IS NULL AND escalate_at <= {db.now_sql}""",
        f"SELECT id, 'warn' FROM approvals WHERE state = 'pending' AND warn_at <= {db.now_sql}",
    )
    return " UNION ALL ".join(parts) + f" LIMIT {BATCH}"


_STRIKE: dict[str, Callable[[Database, str], bool]] = {
    "expire": approval_expiry.expire_one,
    "remind": _remind,
    "escalate": _escalate,
    "warn": _warn,
}
