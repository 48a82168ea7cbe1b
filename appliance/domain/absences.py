"""Members who are away: until then, what is for them goes to somebody else at once."""

from datetime import UTC

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events, records
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.approval_uses import tell
from appliance.errors import invalid


class Absence(msgspec.Struct, frozen=True):
    """`member` and `stand_in` are labels of actors; without a stand-in each decision's own backup is asked."""

    member: str
    until: str
    stand_in: str | None


def every(db: Database) -> dict[str, Absence]:
    """Who is away now, by label."""
    rows = db.rows("SELECT member, until, stand_in FROM absences WHERE until > :now", {"now": clock.iso()})
    return {row["member"]: records.to(Absence, row) for row in rows}


def of(db: Database, label: str) -> Absence | None:
    return every(db).get(label)


def go(db: Database, actor: Actor, label: str, until: str, stand_in: str | None = None) -> Absence:
    """Away until a moment (ISO; a date means its beginning in UTC). Open decisions are handed on in the same
    transaction. Raises Problem(invalid)."""
    try:
        back = clock.iso(clock.parse(until).astimezone(UTC))
    except (ValueError, OverflowError):
        raise invalid(until="give a date such as 2027-01-31") from None
    if back <= clock.iso():
        raise invalid(until="give a time that is still to come")
    if stand_in == label:
        raise invalid(stand_in="somebody else has to stand in")
    row = {"member": label, "until": back, "stand_in": stand_in, "updated_at": clock.iso()}
    with db.transaction():
        db.upsert("absences", row, ("member",))
        events.record(db, actor, "member.away", member=label, until=back, stand_in=stand_in)
        hand_on(db, label)
    return Absence(label, back, stand_in)


def come_back(db: Database, actor: Actor, label: str) -> None:
    """What was handed on stays where it is."""
    with db.transaction():
        if db.delete("absences", member=label):
            events.record(db, actor, "member.back", member=label)


def responsible(db: Database, assigned: str | None, backup: str | None) -> str | None:
    """Who answers for a decision now: the one it is for, or whoever stands in for those who are away."""
    away, found, seen = every(db) if assigned else {}, assigned, set[str]()
    while found in away and found not in seen:
        seen.add(found)
        found = away[found].stand_in or backup
    # A circle of people who are all away: it stays with the one it is for.
    return assigned if found is None or found in seen else found


def hand_on(db: Database, label: str) -> int:
    """Give what waits for an absent member to whoever stands in, in a transaction; how much there was."""
    sql = "SELECT * FROM approvals WHERE state = 'pending' AND assigned_to = :label"
    handed = 0
    for row in db.rows(sql, {"label": label}):
        to = responsible(db, label, row["backup_to"])
        if to == label:
            continue
        db.update("approvals", {"id": row["id"]}, assigned_to=to, passed_from=label)
        tell(db, SYSTEM, "handed_on", row, assigned_to=to)
        handed += 1
    return handed
