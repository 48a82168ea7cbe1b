"""What people do with schedules."""

from datetime import datetime
from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Duplicate, Row
from appliance.domain import events, preferences, records
from appliance.domain.actor import Actor
from appliance.domain.schedules import firing, forms, overlap, reckoning, rows, targets
from appliance.domain.schedules.forms import Backfill, NewSchedule, ScheduleChange, Target
from appliance.domain.schedules.rows import Schedule, Tick
from appliance.errors import Problem, invalid

BACKFILL_MOST = 500
SETTINGS = ("name", "overlap", "catch_up_s", "jitter_s", "pause_after", "remaining")
CALENDAR = ("spec", "zone", "starts_at")
LIMITS = ("ends_at", "remaining", "jitter_s")


def add(db: Database, actor: Actor, new: NewSchedule) -> Schedule:
    """Raises Problem(invalid) with the fields at fault, Problem(duplicate) for a slug in use."""
    _may(actor)
    zone = preferences.known_zone(new.zone) if new.zone.strip() else preferences.zone(db)
    target, now = Target(new.task, new.workflow), clock.parse(db.now())
    row: Row = {"id": ids.new(), "slug": new.slug, "zone": zone.key, "state": "active", "note": "", "failures": 0}
    row |= {name: getattr(new, name) for name in SETTINGS}
    row["name"] = new.name.strip() or new.slug.replace("-", " ").capitalize()
    row["spec"] = forms.spec_of(new.cron, new.every, new.anchor_at, zone)
    row["starts_at"] = forms.moment(new.starts_at, zone, "starts_at") if new.starts_at else None
    row["ends_at"] = forms.moment(new.ends_at, zone, "ends_at", True) if new.ends_at else None
    forms.check(row)
    targets.check(db, target)
    row |= {"target": records.dump(target), "created_by": actor.label}
    row |= {"created_at": clock.iso(), "updated_at": clock.iso(), "next_due": None, "fire_at": None}
    found = rows.schedule(row | {"reckoned_at": clock.iso(now)})
    row |= reckoning.values(found, _first(found, now), now)
    with db.transaction():
        try:
            db.insert("schedules", row)
        except Duplicate as error:
            raise Problem("duplicate", f"There is a schedule named {new.slug}. Choose another slug.") from error
        events.record(db, actor, "schedule.created", schedule_id=found.id)
    return rows.get(db, found.id)


def change(db: Database, actor: Actor, ref: str, change: ScheduleChange) -> Schedule:
    """Another calendar holds from now on; what runs goes on. Raises Problem(invalid) with the fields at fault.

    A time that has come or waits for its jitter is lost only when the calendar is another one.
    """
    _may(actor)
    given = {k: v for k, v in msgspec.structs.asdict(change).items() if v is not msgspec.UNSET}
    with db.transaction():
        found = rows.locked(db, ref)
        values = _changed(db, found, given)
        after = rows.schedule({**msgspec.structs.asdict(found), "target": records.dump(found.target), **values})
        values |= _reckoned(found, after, clock.parse(db.now()))
        db.update("schedules", {"id": found.id}, updated_at=clock.iso(), **values)
        events.record(db, actor, "schedule.changed", schedule_id=found.id, fields=sorted(given))
    return rows.get(db, found.id)


def pause(db: Database, actor: Actor, ref: str, note: str = "") -> Schedule:
    """Nothing new starts; what runs goes on, what waits for its turn waits on. Pausing again changes the note."""
    _may(actor)
    note = forms.note(note)
    with db.transaction():
        found = rows.locked(db, ref)
        if found.state not in ("active", "paused"):
            raise Problem("conflict", _STANDS[found.state])
        db.update("schedules", {"id": found.id}, state="paused", note=note, updated_at=clock.iso())
        events.record(db, actor, "schedule.paused", schedule_id=found.id)
    return rows.get(db, found.id)


def resume(db: Database, actor: Actor, ref: str) -> Schedule:
    """On with the next time from now; what came meanwhile is noted as missed, and failures are counted anew."""
    _may(actor)
    with db.transaction():
        found = rows.locked(db, ref)
        if found.state == "ended":
            raise Problem("conflict", _STANDS["ended"])
        if found.state != "active":
            _resume(db, actor, found)
    return rows.get(db, found.id)


def resume_restored(db: Database, actor: Actor) -> int:
    """Resume every schedule that a restore has disarmed; how many."""
    _may(actor)
    with db.transaction():
        found = db.rows("SELECT id FROM schedules WHERE state = 'disarmed' ORDER BY slug")
        for row in found:
            _resume(db, actor, rows.locked(db, row["id"]))
    return len(found)


def disarm(db: Database, actor: Actor, note: str) -> int:
    """After a restore: no schedule fires until somebody resumes it. In a transaction."""
    sql = "UPDATE schedules SET state = 'disarmed', note = :note WHERE state = 'active' RETURNING id"
    found = db.rows(sql, {"note": note})
    for row in found:
        events.record(db, actor, "schedule.disarmed", schedule_id=row["id"])
    return len(found)


def remove(db: Database, actor: Actor, ref: str) -> None:
    """It fires no more and leaves the lists; what it started goes on, and its history stays. Its slug is free again."""
    _may(actor)
    with db.transaction():
        found = rows.locked(db, ref)
        db.update("schedules", {"id": found.id}, state="removed", fire_at=None, updated_at=clock.iso())
        events.record(db, actor, "schedule.removed", schedule_id=found.id)


def run_now(db: Database, actor: Actor, ref: str) -> Tick:
    """Once by hand, under the schedule's overlap policy, also while it is paused; the calendar goes on unmoved."""
    _may(actor)
    with db.transaction():
        found = rows.locked(db, ref)
        events.record(db, actor, "schedule.run", schedule_id=found.id)
        return overlap.place(db, found, db.now(), "manual")


def gaps(db: Database, ref: str, asked: Backfill) -> list[str]:
    """The times a backfill would run: those in its range that have started nothing. Raises Problem(invalid)."""
    found = rows.get(db, ref)
    start, end = (clock.parse(forms.moment(getattr(asked, f), found.tz, f)) for f in ("from_at", "to_at"))
    if end <= start:
        raise invalid(to_at="must be after the beginning")
    if end > clock.parse(db.now()):
        raise invalid(to_at="must be in the past; what is to come, the calendar runs")
    times = [clock.iso(due) for due in reckoning.between(found, start, end, BACKFILL_MOST + 1)]
    if len(times) > BACKFILL_MOST:
        raise invalid(to_at=f"these are more than {BACKFILL_MOST} times; take a shorter span")
    sql = """SELECT due_at FROM ticks WHERE schedule_id = :id AND due_at >= :start AND due_at < :end
      AND kind <> 'manual' AND (task_id IS NOT NULL OR state = 'buffered')"""
    ran = {row["due_at"] for row in db.rows(sql, {"id": found.id, "start": clock.iso(start), "end": clock.iso(end)})}
    return [due for due in times if due not in ran]


def backfill(db: Database, actor: Actor, ref: str, asked: Backfill) -> list[Tick]:
    """Run the times of the past that have started nothing, oldest first, under the overlap policy that is given.

    Raises Problem(invalid) with the field `confirm` unless that is how many there are.
    """
    _may(actor)
    if asked.overlap not in forms.OVERLAPS:
        raise invalid(overlap=f"use one of {', '.join(forms.OVERLAPS)}")
    with db.transaction():
        found = msgspec.structs.replace(rows.locked(db, ref), overlap=asked.overlap)
        times = gaps(db, found.id, asked)
        if asked.confirm != len(times):
            raise invalid(confirm=f"this is {len(times)} times; give that number to run them")
        made = [overlap.place(db, found, due, "backfill") for due in times]
        events.record(db, actor, "schedule.backfilled", schedule_id=found.id, number=len(made))
    return made


def _may(actor: Actor) -> None:
    """A schedule acts in nobody's name, so no rule about who may hand work to whom holds it."""
    actor.need("operator")
    actor.refuse_agent("set up or run schedules")


_STANDS = {
    "ended": "The schedule has ended: no time is left. Change its end, its limit or its calendar.",
    "disarmed": "The schedule is disarmed since a restore. Resume it, or leave it so.",
}


def _first(found: Schedule, now: Any) -> Any:
    """The first time from now. Raises Problem(invalid) where there is none."""
    if (due := reckoning.after(found, now)) is None:
        raise invalid(ends_at="no time of this calendar comes before it")
    return due


def _reckoned(found: Schedule, after: Schedule, now: datetime) -> Row:
    """The next time of a changed schedule; another limit or jitter passes over no time that has come."""
    other = [name for name in (*CALENDAR, *LIMITS) if getattr(after, name) != getattr(found, name)]
    if not other:
        return {}
    same = found.next_due and not any(name in CALENDAR for name in other)
    begin = min(now, clock.parse(str(found.next_due)) - reckoning.TICK) if same else now
    state = "active" if found.state == "ended" else found.state
    return reckoning.values(after, _first(after, begin), now) | {"state": state}


def _changed(db: Database, found: Schedule, given: dict[str, Any]) -> Row:
    values: Row = {name: given[name] for name in SETTINGS if name in given}
    zone = preferences.known_zone(given["zone"]) if given.get("zone") else found.tz
    values["zone"] = zone.key
    if given.get("cron") or given.get("every"):
        anchor = given.get("anchor_at")
        values["spec"] = forms.spec_of(given.get("cron") or "", given.get("every") or "", anchor, zone)
    for name in ("starts_at", "ends_at"):
        if name in given:
            text = given[name]
            values[name] = forms.moment(text, zone, name, name == "ends_at") if text else None
    if "task" in given or "workflow" in given:
        target = Target(given.get("task"), given.get("workflow"))
        targets.check(db, target)
        values["target"] = records.dump(target)
    kept = {"remaining": None} if found.remaining == 0 and "remaining" not in given else {}
    forms.check({**msgspec.structs.asdict(found), **values, **kept})
    return values


def _resume(db: Database, actor: Actor, found: Schedule) -> None:
    now = clock.parse(db.now())
    if found.next_due and found.next_due <= clock.iso(now):
        times = reckoning.between(found, clock.parse(found.next_due), now)
        if times:
            firing.missed(db, found, len(times), times[0], times[-1], found.state)
    values = {"state": "active", "note": "", "failures": 0, "updated_at": clock.iso()}
    db.update("schedules", {"id": found.id}, **values)
    events.record(db, actor, "schedule.resumed", schedule_id=found.id)
    firing.advance(db, found, reckoning.after(found, now), now)
