"""Sending what is due: taken under a lease, sent, and recorded; retried for most of a day, then set aside.

A process that dies between sending and recording leaves the row `sending`; when the lease is over it is sent again
under the same id, by which receivers that look know it: at least once.
"""

import random

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import events
from appliance.domain.actor import SYSTEM
from appliance.domain.notices import set_aside
from appliance.domain.notices.rows import Notice, get, notice

LEASE_S = 120
BATCH = 20
# About 20 hours in all; each is moved by up to a fifth.
DELAYS_S = (30, 120, 600, 1800, 3600, 7200, 14400, 14400, 14400, 14400)
KEPT_DAYS = 30


def due(db: Database) -> list[Notice]:
    """What is to be sent now, the oldest first; what was decided meanwhile is dropped instead."""
    sql = f"""SELECT * FROM notices WHERE state IN ('queued', 'sending') AND due_at <= :now
      ORDER BY due_at, id LIMIT {BATCH}"""
    found = [notice(row) for row in db.rows(sql, {"now": clock.iso()})]
    if any(one.approval_id for one in found):
        set_aside.drop_decided(db)
        found = [notice(row) for row in db.rows(sql, {"now": clock.iso()})]
    return found


def take(db: Database, wanted: Notice) -> Notice | None:
    """The notice under a lease of its own; None when somebody else has it."""
    held: Row = {"id": wanted.id, "attempts": wanted.attempts, "state": wanted.state, "due_at": wanted.due_at}
    until = clock.ahead(LEASE_S)
    if not db.update("notices", held, state="sending", attempts=wanted.attempts + 1, due_at=until):
        return None
    return get(db, wanted.id)


def sent(db: Database, held: Notice, detail: str = "") -> bool:
    return _settle(db, held, state="sent", detail=detail, settled_at=clock.iso())


def not_sent(db: Database, held: Notice, detail: str, again: bool = True) -> str:
    """Put it off, or set it aside when it can't go or was tried for long enough; when it is due next, "" for never."""
    if not again or held.tries >= len(DELAYS_S):
        with db.transaction():
            if _settle(db, held, state="failed", detail=detail, settled_at=clock.iso(), tries=held.tries + 1):
                events.record(db, SYSTEM, "notice.failed", notice_id=held.id, channel=held.channel)
        return ""
    # From the id and the count, so that a schedule can be worked out again.
    spread = random.Random(f"{held.id} {held.tries}").uniform(0.8, 1.2)
    next_at = clock.ahead(DELAYS_S[held.tries] * spread)
    _settle(db, held, state="queued", detail=detail, due_at=next_at, tries=held.tries + 1)
    return next_at


def defer(db: Database, waiting: Notice, until: str) -> None:
    """The way there is known to be closed: it waits for the one that found out, and loses no try."""
    held: Row = {"id": waiting.id, "attempts": waiting.attempts, "state": "queued"}
    db.update("notices", held, due_at=max(until, waiting.due_at))


def prune(db: Database) -> int:
    """Forget what was settled a month ago."""
    sql = "DELETE FROM notices WHERE settled_at < :then AND state <> 'failed'"
    return db.execute(sql, {"then": clock.ahead(-KEPT_DAYS * 86_400)})


def _settle(db: Database, held: Notice, **values: object) -> bool:
    mine: Row = {"id": held.id, "attempts": held.attempts, "state": "sending"}
    return bool(db.update("notices", mine, **values))
