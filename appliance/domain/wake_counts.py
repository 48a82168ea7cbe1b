"""What became of the wakes of the last day, and which breakers hold work now."""

from datetime import timedelta

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.loops import Breaker
from appliance.domain.wake_rows import STATES

DAY = timedelta(days=1)


class Tripped(msgspec.Struct, frozen=True):
    """A breaker that stops work now, with its question."""

    breaker: Breaker
    title: str
    approval_id: str | None
    pending: bool
    held: int


_TRIPPED = """
SELECT b.*, p.title, p.state AS asked,
  (SELECT COUNT(*) FROM wakes w WHERE w.breaker_id = b.id AND w.state IN ('tripped', 'dropped')) AS held
FROM breakers b LEFT JOIN approvals p ON p.id = b.approval_id WHERE b.tripped_at IS NOT NULL
ORDER BY b.tripped_at DESC, b.id LIMIT 50
"""


def counts(db: Database) -> dict[str, int]:
    """State → wakes of the last 24 hours; every state is there."""
    since = clock.iso(clock.now() - DAY)
    # Ids begin with their time: a range of them is a range of time without an index of its own.
    sql = "SELECT state, COUNT(*) AS n FROM wakes WHERE id >= :first AND created_at >= :since GROUP BY state"
    found = {row["state"]: int(row["n"]) for row in db.rows(sql, {"first": _first_id(since), "since": since})}
    return {state: found.get(state, 0) for state in STATES}


def tripped(db: Database) -> list[Tripped]:
    """The breakers that stop work now, the newest first."""
    found = []
    for row in db.rows(_TRIPPED):
        breaker = records.to(Breaker, row)
        title = row["title"] or f"{breaker.scope} {breaker.subject}"
        found.append(Tripped(breaker, title, breaker.approval_id, row["asked"] == "pending", int(row["held"])))
    return found


def _first_id(since: str) -> str:
    """The smallest id that was made at that time or later (RFC 9562 §5.7: milliseconds in the first 48 bits)."""
    ms = f"{int(clock.parse(since).timestamp() * 1000):012x}"
    return f"{ms[:8]}-{ms[8:]}"
