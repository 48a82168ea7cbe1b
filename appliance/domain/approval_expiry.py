"""When an approval's time is over: the warning before it, the end of it, and the run that waits for it."""

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import queueing, records
from appliance.domain.actor import SYSTEM
from appliance.domain.approval_rows import LIVE, SELECT, Approval, approval
from appliance.domain.approval_uses import tell
from appliance.domain.instances import landing

# How long before it expires the people who can prevent it are warned: a quarter of its time, at most an hour.
WARN_SHARE, WARN_MOST_S = 0.25, 3600.0
# What a run waits for while a person decides.
PERSON = ("approval", "input")


def expire(db: Database, found: Approval) -> bool:
    """End an approval whose time is over, in a transaction; a question with a default is answered by it.

    Both wake the run. False while there is time, by the database's clock.
    """
    answered = found.state == "pending" and found.on_expiry != "reject"
    sets = "state = 'expired'"
    params: Row = {"id": found.id, "now": clock.iso()}
    if answered:
        sets = """state = 'approved', verdict = 'answer', note = :note, given = :given, decided_at = :now,
          decided_by = :by, decided_name = :name, expires_at = NULL"""
        option = found.on_expiry if found.options else ""
        params |= {"by": SYSTEM.label, "name": "the default", "note": "" if option else found.on_expiry}
        params |= {"given": records.dump({"option": option} if option else {})}
    over = f"state IN {LIVE} AND expires_at <= {db.now_sql}"
    row = db.one(f"UPDATE approvals SET {sets} WHERE id = :id AND {over} RETURNING *", params)
    if row is None:
        return False
    tell(db, SYSTEM, "expired", row)
    if answered:
        tell(db, SYSTEM, "answered", row)
    wake(db, row["run_id"])
    if row["kind"] == "step":
        landing.approval(db, SYSTEM, row["id"])
    return True


def expire_one(db: Database, approval_id: str) -> bool:
    row = db.one(SELECT + "WHERE p.id = :id", {"id": approval_id})
    return row is not None and expire(db, approval(row))


def wake(db: Database, run_id: str | None, lane: str = "") -> bool:
    """Let a run go on that waits for a person, in `lane` from now on; one that waits for something else waits on."""
    reason = db.value("SELECT reason FROM runs WHERE id = :id AND state = 'waiting'", {"id": run_id})
    return run_id is not None and reason in PERSON and queueing.wake(db, run_id, lane)


def warn_at(expires_s: float | None) -> float | None:
    """When to warn, in seconds from now."""
    return None if expires_s is None else expires_s - min(expires_s * WARN_SHARE, WARN_MOST_S)
