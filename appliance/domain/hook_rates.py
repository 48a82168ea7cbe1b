"""So many requests a minute for each hook: a minute's worth may come at once, then one in each share of a minute."""

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import records
from appliance.errors import Problem

USUAL = 60
MOST = 6000
_MINUTE = 60.0


class Turned(msgspec.Struct, frozen=True):
    """How many requests came too early so far, and when the last did."""

    turned_away: int = 0
    turned_away_at: str | None = None


def take(db: Database, hook_id: str, per_minute: int) -> None:
    """Count one request. Raises Problem(rate_limited) with the seconds to wait."""
    share = _MINUTE / per_minute
    now = clock.parse(db.now()).timestamp()
    # One statement decides, so that requests in parallel count as well. What is further ahead than a minute is of a
    # clock that was set back since.
    latest = now + _MINUTE - share
    given = {"id": hook_id, "now": now, "share": share, "latest": latest, "furthest": now + _MINUTE + share}
    sql = """INSERT INTO hook_rates (hook_id, free_at) VALUES (:id, :now + :share) ON CONFLICT (hook_id) DO UPDATE
      SET free_at = :share + CASE WHEN hook_rates.free_at BETWEEN :now AND :furthest
        THEN hook_rates.free_at ELSE :now END
      WHERE hook_rates.free_at <= :latest OR hook_rates.free_at > :furthest"""
    if db.execute(sql, given):
        return
    note = "UPDATE hook_rates SET turned_away = turned_away + 1, turned_away_at = :at WHERE hook_id = :id"
    db.execute(note, {"id": hook_id, "at": clock.iso()})
    free = db.value("SELECT free_at FROM hook_rates WHERE hook_id = :id", {"id": hook_id})
    wait = max(1, int(float(free) - latest + 0.999))
    raise Problem("rate_limited", f"This hook takes {per_minute} requests a minute.", retry_after=wait)


def of(db: Database, hook_id: str) -> Turned:
    row = db.one("SELECT turned_away, turned_away_at FROM hook_rates WHERE hook_id = :id", {"id": hook_id})
    return records.to(Turned, row) if row else Turned()
