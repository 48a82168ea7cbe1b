"""Schedules over HTTP; the pages are in schedules.py."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance.db.database import Database
from appliance.domain import assignees
from appliance.domain.actor import Actor
from appliance.domain.schedules import previews, rows, verbs
from appliance.domain.schedules.forms import Backfill, NewSchedule, Note, ScheduleChange, StartTask
from appliance.domain.schedules.previews import Asked, Preview
from appliance.domain.schedules.rows import Schedule
from appliance.domain.tenants import Tenant
from appliance.web import respond
from appliance.web.idempotency import Once
from appliance.web.respond import Reply

Ref = FromPath[str]
State = Annotated[str, QueryParameter(name="state")]
Items = dict[str, Any]


class SchedulesApi(Controller):
    path = "/schedules"
    tags = ["schedules"]
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True, summary="Schedules, by slug")
    def listing(
        self, db: Database, in_state: State = "", cursor: FromQuery[str] = "", limit: FromQuery[int] = 50
    ) -> Items:
        page = rows.listing(db, in_state, respond.limit(limit), cursor)
        return {"items": [shape(one) for one in page.items], "next_cursor": page.next_cursor}

    @post("/", sync_to_thread=True, summary="Start a task or a workflow by the calendar")
    def add(
        self, db: Database, control: Database, tenant: Tenant, actor: Actor, once: Once, data: NewSchedule
    ) -> Reply:
        check_member(control, tenant, data.task)
        return once.created(lambda: shape(verbs.add(db, actor, data)))

    @post("/preview", status_code=200, sync_to_thread=True, summary="The next times of a calendar; nothing is saved")
    def preview(self, db: Database, data: Asked) -> Preview:
        return previews.preview(db, data)

    @post("/resume-restored", status_code=200, sync_to_thread=True, summary="Resume all that a restore disarmed")
    def resume_restored(self, db: Database, actor: Actor) -> Items:
        return {"resumed": verbs.resume_restored(db, actor)}

    @get("/{ref:str}", sync_to_thread=True, summary="One schedule, by id or slug")
    def one(self, db: Database, ref: Ref) -> Items:
        return shape(rows.get(db, ref))

    @patch("/{ref:str}", sync_to_thread=True, summary="Change a schedule; another calendar holds from now on")
    def change(
        self, db: Database, control: Database, tenant: Tenant, actor: Actor, ref: Ref, data: ScheduleChange
    ) -> Items:
        check_member(control, tenant, data.task or None)
        return shape(verbs.change(db, actor, ref, data))

    @delete("/{ref:str}", sync_to_thread=True, summary="Remove a schedule; what it started goes on")
    def remove(self, db: Database, actor: Actor, ref: Ref) -> None:
        verbs.remove(db, actor, ref)

    @post("/{ref:str}/pause", status_code=200, sync_to_thread=True, summary="Start nothing new")
    def pause(self, db: Database, actor: Actor, ref: Ref, data: Note) -> Items:
        return shape(verbs.pause(db, actor, ref, data.note))

    @post("/{ref:str}/resume", status_code=200, sync_to_thread=True, summary="On with the next time from now")
    def resume(self, db: Database, actor: Actor, ref: Ref) -> Items:
        return shape(verbs.resume(db, actor, ref))

    @post("/{ref:str}/run", sync_to_thread=True, summary="Once by hand; the calendar goes on unmoved")
    def run(self, db: Database, actor: Actor, once: Once, ref: Ref) -> Reply:
        return once.created(lambda: msgspec.to_builtins(verbs.run_now(db, actor, ref)))

    @post("/{ref:str}/backfill", sync_to_thread=True, summary="Run times of the past that have started nothing")
    def backfill(self, db: Database, actor: Actor, once: Once, ref: Ref, data: Backfill) -> Reply:
        """`confirm` is how many times these are; without it the answer is a 400 that names the number."""
        return once.created(lambda: {"items": msgspec.to_builtins(verbs.backfill(db, actor, ref, data))})

    @get("/{ref:str}/ticks", sync_to_thread=True, summary="What its times did, the latest first")
    def ticks(
        self,
        db: Database,
        ref: Ref,
        in_state: State = "",
        cursor: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
    ) -> Items:
        page = rows.ticks(db, rows.get(db, ref).id, respond.limit(limit), cursor, in_state)
        return {"items": page.items, "next_cursor": page.next_cursor}

    @get("/{ref:str}/upcoming", sync_to_thread=True, summary="Its next times, with what a change of the clocks does")
    def upcoming(self, db: Database, ref: Ref, limit: FromQuery[int] = 5) -> Items:
        return {"items": previews.upcoming(db, rows.get(db, ref), limit), "next_cursor": None}


def shape(found: Schedule) -> Items:
    return {**msgspec.to_builtins(found), "words": found.words}


def check_member(control: Database, tenant: Tenant, task: object) -> None:
    """Raises Problem(invalid) for a person who is not in the tenant."""
    if isinstance(task, StartTask):
        assignees.check(control, tenant.id, task.assignee)
