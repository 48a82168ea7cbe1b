"""Many schedules that are due in the same second: those that simply make a task share a few statements."""

from datetime import datetime
from typing import NamedTuple

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import events, records, task_batches
from appliance.domain.events import Line
from appliance.domain.schedules import reckoning, rows, targets
from appliance.domain.schedules.rows import Schedule
from appliance.domain.task_batches import Draft


class _Due(NamedTuple):
    schedule: Schedule
    due: datetime
    following: datetime


def fire(db: Database, schedule_ids: list[str]) -> list[str]:
    """Run one time of each schedule that is plain, all in one transaction; the others, which are left as they are.

    Plain is one that makes a task that stands alone, while nothing of an earlier time is at work, waits or was missed.
    Raises whatever keeps one of them from it, and then nothing has happened.
    """
    with db.transaction():
        now = clock.parse(db.now())
        held = [found for found in rows.held_all(db, schedule_ids) if _simple(found, clock.iso(now))]
        clear = _clear(db, held)
        plain = [one for found in held if found.id in clear if (one := _due(found, now))]
        if plain:
            _place(db, plain, now)
    done = {one.schedule.id for one in plain}
    return [schedule_id for schedule_id in schedule_ids if schedule_id not in done]


def _simple(found: Schedule, now: str) -> bool:
    """By its row alone."""
    due = found.state == "active" and found.fire_at is not None and found.fire_at <= now
    task = found.target.task
    return due and found.remaining is None and task is not None and task_batches.is_plain(targets.draft(task))


def _clear(db: Database, held: list[Schedule]) -> set[str]:
    """Those of which no tick is open, and none is there for the time that has come."""
    if not held:
        return set()
    names, params = records.named([found.id for found in held])
    params["oldest"] = min(str(found.next_due) for found in held)
    sql = f"""SELECT schedule_id FROM ticks WHERE schedule_id IN ({names}) AND due_at >= :oldest
      UNION SELECT schedule_id FROM ticks WHERE schedule_id IN ({names}) AND task_id IS NOT NULL AND ended_at IS NULL
      UNION SELECT schedule_id FROM ticks WHERE schedule_id IN ({names}) AND state = 'buffered'"""
    return {found.id for found in held} - {row["schedule_id"] for row in db.rows(sql, params)}


def _due(found: Schedule, now: datetime) -> _Due | None:
    """The one time that has come, unless there is more to say: times missed, put off, or no other to come."""
    came = reckoning.due(found, now)
    if came.missed or came.run is None or reckoning.fire_at(found, came.run) > now:
        return None
    following = reckoning.after(found, came.run)
    return None if following is None or following <= now else _Due(found, came.run, following)


def _place(db: Database, plain: list[_Due], now: datetime) -> None:
    drafts = [
        Draft(one.schedule.actor, targets.draft(one.schedule.target.task)) for one in plain if one.schedule.target.task
    ]
    task_ids, at = task_batches.make(db, drafts), clock.iso()
    ticks, lines = list[Row](), list[Line]()
    for one, task_id in zip(plain, task_ids, strict=True):
        due_at = clock.iso(one.due)
        row: Row = {"schedule_id": one.schedule.id, "due_at": due_at, "kind": "calendar", "state": "started"}
        ticks.append(row | {"overlap": one.schedule.overlap, "task_id": task_id, "noted_at": at, "started_at": at})
        about = {"schedule_id": one.schedule.id, "due_at": due_at, "tick": "calendar", "state": "started"}
        lines.append(Line(one.schedule.actor, "schedule.ticked", {"task_id": task_id}, about))
    events.record_each(db, lines)
    db.insert_all("ticks", ticks)
    _advance(db, plain, now)


def _advance(db: Database, plain: list[_Due], now: datetime) -> None:
    lines, params = [], Row()
    for n, one in enumerate(plain):
        values = reckoning.values(one.schedule, one.following, now) | {"id": one.schedule.id}
        params |= {f"{name}{n}": value for name, value in values.items()}
        lines.append(", ".join(f"CAST(:{name}{n} AS TEXT)" for name in ("id", "next_due", "fire_at", "reckoned_at")))
    sql = f"""UPDATE schedules SET next_due = v.column2, fire_at = v.column3, reckoned_at = v.column4
      FROM (VALUES ({"), (".join(lines)})) AS v WHERE schedules.id = v.column1"""
    db.execute(sql, params)
