"""Notices that were not sent: sent once more, dropped, or in doubt after a restore."""

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events
from appliance.domain.actor import Actor
from appliance.domain.notices.rows import Notice, get
from appliance.errors import Problem

DECIDED = "It was decided before this was sent."
OPEN = "(approval_id IS NULL OR EXISTS (SELECT 1 FROM approvals a WHERE a.id = approval_id AND a.state = 'pending'))"


def retry(db: Database, actor: Actor, notice_id: str, member: str | None = None) -> Notice:
    """Send what was set aside once more, from now on and under the same id. Raises Problem(conflict)."""
    return _reopen(db, actor, notice_id, member, "notice.retried", state="queued", due_at=clock.iso(), tries=0)


def drop(db: Database, actor: Actor, notice_id: str, member: str | None = None) -> Notice:
    """Leave it unsent. Raises Problem(conflict)."""
    values = {"state": "dropped", "detail": f"Dropped by {actor.name}.", "settled_at": clock.iso()}
    return _reopen(db, actor, notice_id, member, "notice.dropped", **values)


def doubt(db: Database) -> int:
    """After a restore, in its transaction: what had not been sent by then may have been sent since."""
    sql = """UPDATE notices SET state = 'in_doubt', detail = 'From before a restore: it may have been sent already.'
      WHERE state IN ('queued', 'held', 'sending')"""
    return db.execute(sql)


def _reopen(db: Database, actor: Actor, notice_id: str, member: str | None, event: str, **values: object) -> Notice:
    with db.transaction():
        found = get(db, notice_id, member)
        if found.state not in ("failed", "in_doubt"):
            raise Problem("conflict", f"Only what failed or is in doubt; this one is {found.state}.")
        db.update("notices", {"id": found.id}, **values)
        events.record(db, actor, event, notice_id=found.id)
    return get(db, notice_id)


def drop_decided(db: Database) -> int:
    """Nobody is told to decide what is decided. One that a sender has taken is its sender's."""
    sql = f"""UPDATE notices SET state = 'dropped', detail = :detail, settled_at = :now
      WHERE state IN ('queued', 'held') AND due_at <= :now AND NOT {OPEN}"""
    return db.execute(sql, {"now": clock.iso(), "detail": DECIDED})
