"""Schedules and their ticks as they are stored and read."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import preferences, records
from appliance.domain.actor import Actor
from appliance.domain.records import Page
from appliance.domain.schedules import calendars
from appliance.domain.schedules.forms import Target
from appliance.errors import not_found

STATES = ("active", "paused", "disarmed", "ended", "removed")
# What a tick did, and what became of it.
TICK_STATES = ("buffered", "started", "succeeded", "failed", "cancelled", "skipped", "missed")
KINDS = ("calendar", "manual", "backfill")


class Schedule(msgspec.Struct, frozen=True):
    """`next_due` is the next time of the calendar and `fire_at` the same with its jitter; None when none is left.

    `state` is active, paused (by a person or after failures: `note` says why), disarmed (put back from a backup),
    ended (no time is left) or removed. `failures` counts those in a row, `remaining` the times that are left.
    """

    id: str
    slug: str
    name: str
    spec: str
    zone: str
    target: Target
    overlap: str
    catch_up_s: int
    jitter_s: int
    pause_after: int
    starts_at: str | None
    ends_at: str | None
    remaining: int | None
    state: str
    note: str
    failures: int
    next_due: str | None
    fire_at: str | None
    reckoned_at: str
    created_by: str
    created_at: str
    updated_at: str

    @property
    def actor(self) -> Actor:
        """Who does what the schedule does, whoever made it."""
        return Actor("schedule", self.id, self.name, "operator")

    @property
    def tz(self) -> ZoneInfo:
        return preferences.known_zone(self.zone)

    @property
    def words(self) -> str:
        return calendars.explain(self.spec)


class Tick(msgspec.Struct, frozen=True):
    """One time of a schedule. `kind` is calendar, manual or backfill; `number` how many missed times the line is for.

    `ended_at` is when the task or instance ended that it started; until then it overlaps with what comes.
    """

    schedule_id: str
    due_at: str
    kind: str
    state: str
    overlap: str
    task_id: str | None
    instance_id: str | None
    code: str
    detail: str
    number: int
    noted_at: str
    started_at: str | None
    ended_at: str | None
    task_number: int | None = None
    task_title: str | None = None
    task_state: str | None = None


# Work of a tick `k` that a later time has to mind: a task that failed, or only waits to be looked at, stands still.
AT_WORK = """k.task_id IS NOT NULL AND k.ended_at IS NULL AND (k.instance_id IS NOT NULL OR NOT EXISTS (
  SELECT 1 FROM tasks w JOIN runs o ON o.id = w.run_id
  WHERE w.id = k.task_id AND (w.state = 'in_review' AND o.state = 'succeeded'
    OR w.state = 'blocked' AND o.state IN ('failed', 'incomplete', 'timed_out'))
    AND NOT EXISTS (SELECT 1 FROM tasks s WHERE s.parent_id = w.id AND s.state IN ('todo', 'in_progress'))))"""
_TICKS = """SELECT k.*, t.number AS task_number, t.title AS task_title, t.state AS task_state
FROM ticks k LEFT JOIN tasks t ON t.id = k.task_id """


def schedule(row: Row) -> Schedule:
    return records.to(Schedule, row, ("target",))


def get(db: Database, ref: str) -> Schedule:
    """By id or slug. Raises Problem(not_found), also for one that was removed."""
    sql = "SELECT * FROM schedules WHERE (id = :ref OR slug = :ref) AND state <> 'removed'"
    if (row := db.one(sql, {"ref": ref})) is None:
        raise not_found("schedule")
    return schedule(row)


def held(db: Database, schedule_id: str) -> Schedule | None:
    """For a change in the open transaction; None when another process has it, or it is gone."""
    row = db.one(f"SELECT * FROM schedules WHERE id = :id {db.skip_locked}", {"id": schedule_id})
    return schedule(row) if row else None


def held_all(db: Database, schedule_ids: list[str]) -> list[Schedule]:
    """The same of many, without those that another process has."""
    names, params = records.named(schedule_ids)
    return [schedule(row) for row in db.rows(f"SELECT * FROM schedules WHERE id IN ({names}) {db.skip_locked}", params)]


def locked(db: Database, ref: str) -> Schedule:
    """For a change in the open transaction; waits for whoever has it. Raises Problem(not_found)."""
    sql = f"SELECT * FROM schedules WHERE (id = :ref OR slug = :ref) AND state <> 'removed' {db.for_update}"
    if (row := db.one(sql, {"ref": ref})) is None:
        raise not_found("schedule")
    return schedule(row)


def listing(db: Database, state: str = "", limit: int = records.LIMIT, cursor: str = "") -> Page[Schedule]:
    """By slug. Raises Problem(bad_cursor)."""
    after = records.read_cursor(cursor, str)[0] if cursor else ""
    wanted = "state = :state" if state else "state <> 'removed'"
    sql = f"SELECT * FROM schedules WHERE slug > :after AND {wanted} ORDER BY slug LIMIT :limit + 1"
    limit = max(1, min(limit, records.LIMIT_MAX))
    rows = [schedule(row) for row in db.rows(sql, {"after": after, "state": state, "limit": limit})]
    return records.page(rows, limit, lambda one: (one.slug,))


def names(db: Database, labels: list[str]) -> dict[str, str]:
    """The names of the schedules among these actors, by label."""
    wanted = [label.removeprefix("schedule:") for label in set(labels) if label.startswith("schedule:")]
    if not wanted:
        return {}
    marks, params = records.named(wanted)
    rows = db.rows(f"SELECT id, name FROM schedules WHERE id IN ({marks})", params)
    return {f"schedule:{row['id']}": row["name"] for row in rows}


def ticks(db: Database, schedule_id: str, limit: int = records.LIMIT, cursor: str = "", state: str = "") -> Page[Tick]:
    """Latest time first. Raises Problem(bad_cursor)."""
    given: Row = {"id": schedule_id, "limit": max(1, min(limit, records.LIMIT_MAX)), "state": state}
    tests = ["k.schedule_id = :id"] + (["k.state = :state"] if state else [])
    if cursor:
        given["due"], given["kind"] = records.read_cursor(cursor, str, str)
        tests.append("(k.due_at, k.kind) < (:due, :kind)")
    sql = f"{_TICKS} WHERE {' AND '.join(tests)} ORDER BY k.due_at DESC, k.kind DESC LIMIT :limit + 1"
    rows = [records.to(Tick, row) for row in db.rows(sql, given)]
    return records.page(rows, given["limit"], lambda one: (one.due_at, one.kind))


def tick(db: Database, schedule_id: str, due_at: str, kind: str) -> Tick | None:
    where = "WHERE k.schedule_id = :id AND k.due_at = :due AND k.kind = :kind"
    row = db.one(_TICKS + where, {"id": schedule_id, "due": due_at, "kind": kind})
    return records.to(Tick, row) if row else None


def busy(db: Database, schedule_id: str) -> list[Tick]:
    """The ticks whose work goes on, oldest first."""
    where = f"WHERE k.schedule_id = :id AND {AT_WORK} ORDER BY k.due_at"
    return [records.to(Tick, row) for row in db.rows(_TICKS + where, {"id": schedule_id})]


def waiting(db: Database, schedule_id: str) -> list[Tick]:
    """The ticks that wait for their turn, oldest first."""
    where = "WHERE k.schedule_id = :id AND k.state = 'buffered' ORDER BY k.due_at, k.kind"
    return [records.to(Tick, row) for row in db.rows(_TICKS + where, {"id": schedule_id})]


def keep(db: Database, found: Schedule, due: datetime | str, kind: str, state: str, **values: object) -> Tick:
    """Write what a tick does. In a transaction."""
    due_at = due if isinstance(due, str) else clock.iso(due)
    row: Row = {"schedule_id": found.id, "due_at": due_at, "kind": kind, "state": state, "overlap": found.overlap}
    row |= {"task_id": None, "instance_id": None, "code": "", "detail": "", "number": 1, "noted_at": clock.iso()}
    row |= {"started_at": None, "ended_at": None, **values}
    db.upsert("ticks", row, ("schedule_id", "due_at", "kind"))
    return records.to(Tick, row)
