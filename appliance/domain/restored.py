"""A tenant put back from a backup: the world outside has gone on meanwhile, so nobody may trust what is unfinished.

What is recorded stays recorded and waiting timers stay set. What a run did after the backup was made is not in it.
"""

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import approval_uses, claims, events, ledger, preferences
from appliance.domain.actor import SYSTEM
from appliance.domain.approvals import Ask
from appliance.domain.notices import deriving, set_aside
from appliance.domain.runs import Run
from appliance.domain.schedules import verbs

MOMENT = "restored_at"
EPOCH = "epoch"
NOTICE = "This box was restored from a backup: it may already have happened. Look before you agree. "
DISARMED = "This box was restored from a backup. Look what ran meanwhile, then resume."


class Restored(msgspec.Struct, frozen=True):
    """`epoch` counts the restores of this tenant; how many leases were void, approvals are asked for again, and

    `schedules` are disarmed until somebody resumes them.
    """

    epoch: int
    leases: int
    asked_again: int
    schedules: int = 0


def after_restore(db: Database) -> Restored:
    """Call once on every tenant after its data was put back, before anything works on it (ENGINE §8).

    Leases are void, calls in flight count as estimated, and notices not sent by then are in doubt. An approval nobody
    had used is asked for again. From now on a run from before this moment looks outside, or asks a person, before an
    effect that must not happen twice.
    """
    with db.transaction():
        epoch = db.next_number(EPOCH)
        ledger.settle_lost(db, ledger.owners(db))
        leases = claims.release(db, "lease_owner <> ''", {})
        set_aside.doubt(db)
        deriving.skip_to_doubt(db)
        asked = _ask_again(db)
        disarmed = verbs.disarm(db, SYSTEM, DISARMED)
        preferences.put(db, SYSTEM, MOMENT, clock.iso())
        events.record(db, SYSTEM, "box.restored", epoch=epoch)
    return Restored(epoch, leases, asked, disarmed)


def before(db: Database, run: Run) -> bool:
    """Whether the run was in the backup, so that what it does next may be done already."""
    return run.created_at < str(preferences.get(db, MOMENT, ""))


def warned(db: Database, run: Run, ask: Ask) -> Ask:
    """The question with the warning, where it is due."""
    return msgspec.structs.replace(ask, detail=NOTICE + ask.detail) if before(db, run) else ask


def _ask_again(db: Database) -> int:
    """Agreed and not used: it may have been used after the backup was made."""
    sql = """UPDATE approvals SET state = 'pending', verdict = '', given = '{}', note = '', decided_by = NULL,
      decided_name = '', decided_at = NULL,
      detail = CASE WHEN SUBSTR(detail, 1, LENGTH(:notice)) = :notice THEN detail ELSE :notice || detail END
      WHERE kind = 'action' AND state IN ('pending', 'approved') RETURNING *"""
    rows = db.rows(sql, {"notice": NOTICE})
    for row in rows:
        approval_uses.tell(db, SYSTEM, "requested", row)
    return len(rows)
