"""Putting failures off: for one member, until a time. Nothing else changes; it is still there for everybody else."""

from datetime import timedelta

from appliance import clock
from appliance.db.database import Database
from appliance.domain import inbox
from appliance.domain.actor import Actor
from appliance.domain.inbox import Filter
from appliance.domain.notices import quiet
from appliance.errors import Problem, invalid

LONGEST_DAYS = 31
MORNING = "08:00"
UNTIL = {"1h": "In an hour", "4h": "In four hours", "tomorrow": "Tomorrow morning", "week": "In a week"}


def put_off(db: Database, actor: Actor, item_ids: list[str], until: str, zone: str = "UTC") -> int:
    """Hide failures from the actor's own list; how many there were. `until` is one of UNTIL, or a time (ISO).

    What is no failure, or not there any more, is left alone. Raises Problem(invalid).
    """
    if actor.kind != "member":
        raise Problem("forbidden", "Only a person has a list of their own.")
    then = _moment(until, zone)
    with db.transaction():
        there = _snoozable(db, set(item_ids))
        for item_id in sorted(there):
            row = {"member": actor.label, "item_id": item_id, "at": clock.iso(), "until": then}
            db.upsert("snoozes", row, ("member", "item_id"))
        db.execute("DELETE FROM snoozes WHERE until < :now", {"now": clock.iso()})
    return len(there)


def wake(db: Database, actor: Actor) -> int:
    """Show everything again that the actor has put off."""
    return db.delete("snoozes", member=actor.label)


def count(db: Database, label: str) -> int:
    sql = "SELECT COUNT(*) AS n FROM snoozes WHERE member = :member AND until > :now"
    return int(db.value(sql, {"member": label, "now": clock.iso()}))


def _snoozable(db: Database, asked: set[str]) -> set[str]:
    found, cursor = set[str](), ""
    while True:
        page = inbox.items(db, Filter(group="failures"), limit=200, cursor=cursor)
        found |= {item.id for item in page.items} & asked
        if not page.next_cursor:
            return found
        cursor = page.next_cursor


def _moment(until: str, zone: str) -> str:
    now = clock.now()
    named = {"1h": timedelta(hours=1), "4h": timedelta(hours=4), "week": timedelta(days=7)}
    try:
        if until == "tomorrow":
            then = quiet.next_at(MORNING, zone, now)
        else:
            then = now + named[until] if until in named else clock.parse(until)
    except (ValueError, OverflowError):
        raise invalid(until=f"take one of {', '.join(UNTIL)}, or a time such as 2027-01-31T08:00:00Z") from None
    if not now < then <= now + timedelta(days=LONGEST_DAYS):
        raise invalid(until=f"a time that is still to come, at most {LONGEST_DAYS} days from now")
    return clock.iso(then)
