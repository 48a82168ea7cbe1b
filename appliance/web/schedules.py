"""Schedules: the list, one with its history, and its form. The API: schedules_api.py."""

from typing import Annotated

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.schedules import rows, verbs
from appliance.domain.schedules.forms import Backfill
from appliance.errors import Problem, invalid
from appliance.web import respond, schedule_forms, schedule_page
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.schedules_api import SchedulesApi, check_member

Ref = FromPath[str]
State = Annotated[str, QueryParameter(name="state")]
OPERATOR = {"role": "operator"}


class SchedulesPages(Controller):
    path = "/schedules"
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database, in_state: State = "", cursor: FromQuery[str] = "") -> Reply:
        return schedule_page.index(frame, db, in_state, cursor)

    @get("/new", sync_to_thread=True, opt=OPERATOR)
    def new(self, frame: Frame, db: Database, control: Database, workflow: FromQuery[str] = "") -> Reply:
        given = {"what": "workflow", "workflow": workflow} if workflow else {}
        return schedule_page.form(frame, db, control, given)

    @post("/", sync_to_thread=True)
    def add(self, frame: Frame, db: Database, control: Database, actor: Actor, data: Fields) -> Reply:
        try:
            wanted = schedule_forms.new(data)
            check_member(control, frame.tenant, wanted.task)
            made = verbs.add(db, actor, wanted)
        except Problem as problem:
            return schedule_page.form(frame, db, control, data, None, problem)
        return respond.redirect(f"{frame.base}/schedules/{made.slug}", "It is scheduled.")

    @post("/preview", sync_to_thread=True)
    def preview(self, frame: Frame, db: Database, control: Database, data: Fields) -> Reply:
        """The form as it was sent, with the next times of its calendar; nothing is saved."""
        found = rows.get(db, data["ref"]) if data.get("ref") else None
        return schedule_page.form(frame, db, control, data, found)

    @post("/resume-restored", sync_to_thread=True)
    def resume_restored(self, frame: Frame, db: Database, actor: Actor) -> Reply:
        count = verbs.resume_restored(db, actor)
        return respond.redirect(f"{frame.base}/schedules", f"{count} resumed.")

    @get("/{ref:str}", sync_to_thread=True)
    def show(self, frame: Frame, db: Database, ref: Ref, in_state: State = "", cursor: FromQuery[str] = "") -> Reply:
        return schedule_page.show(frame, db, rows.get(db, ref), in_state, cursor)

    @get("/{ref:str}/edit", sync_to_thread=True, opt=OPERATOR)
    def edit(self, frame: Frame, db: Database, control: Database, ref: Ref) -> Reply:
        found = rows.get(db, ref)
        return schedule_page.form(frame, db, control, schedule_forms.given(found), found)

    @post("/{ref:str}/edit", sync_to_thread=True)
    def change(self, frame: Frame, db: Database, control: Database, actor: Actor, ref: Ref, data: Fields) -> Reply:
        found = rows.get(db, ref)
        try:
            wanted = schedule_forms.changed(data, found)
            check_member(control, frame.tenant, wanted.task)
            verbs.change(db, actor, ref, wanted)
        except Problem as problem:
            return schedule_page.form(frame, db, control, data, found, problem)
        return respond.redirect(f"{frame.base}/schedules/{found.slug}", "Saved.")

    @post("/{ref:str}/run", sync_to_thread=True)
    def run(self, frame: Frame, db: Database, actor: Actor, ref: Ref) -> Reply:
        here = f"{frame.base}/schedules/{rows.get(db, ref).slug}"
        try:
            tick = verbs.run_now(db, actor, ref)
        except Problem as problem:
            return respond.redirect(here, problem.detail, "bad")
        if tick.state == "started":
            return respond.redirect(here, "Started. The calendar goes on unmoved.")
        return respond.redirect(here, f"This time {schedule_page.DID[tick.state]}: {tick.detail}", "warn")

    @post("/{ref:str}/pause", sync_to_thread=True)
    def pause(self, frame: Frame, db: Database, actor: Actor, ref: Ref, data: Fields) -> Reply:
        found = rows.get(db, ref)
        try:
            verbs.pause(db, actor, ref, data.get("note", ""))
        except Problem as problem:
            return schedule_page.show(frame, db, found, given=data, problem=problem)
        return respond.redirect(f"{frame.base}/schedules/{found.slug}", "Paused: nothing new starts.")

    @post("/{ref:str}/resume", sync_to_thread=True)
    def resume(self, frame: Frame, db: Database, actor: Actor, ref: Ref) -> Reply:
        here = f"{frame.base}/schedules/{rows.get(db, ref).slug}"
        try:
            verbs.resume(db, actor, ref)
        except Problem as problem:
            return respond.redirect(here, problem.detail, "bad")
        return respond.redirect(here, "On with the next time.")

    @post("/{ref:str}/backfill", sync_to_thread=True)
    def backfill(self, frame: Frame, db: Database, actor: Actor, ref: Ref, data: Fields) -> Reply:
        found = rows.get(db, ref)
        try:
            made = verbs.backfill(db, actor, ref, _backfill(data))
        except Problem as problem:
            return schedule_page.show(frame, db, found, given=data, problem=problem)
        said = f"{len(made)} times of the past are run." if made else "There was nothing to fill in."
        return respond.redirect(f"{frame.base}/schedules/{found.slug}", said)

    @post("/{ref:str}/remove", sync_to_thread=True)
    def remove(self, frame: Frame, db: Database, actor: Actor, ref: Ref) -> Reply:
        verbs.remove(db, actor, ref)
        return respond.redirect(f"{frame.base}/schedules", "The schedule is removed. What it started goes on.")


def _backfill(data: dict[str, str]) -> Backfill:
    confirm = data.get("confirm", "").strip()
    if confirm and not (confirm.isascii() and confirm.isdigit()):
        raise invalid(confirm="give the number of times")
    count = int(confirm) if confirm else None
    return Backfill(data.get("from_at", ""), data.get("to_at", ""), data.get("overlap", "buffer_all"), count)


PAGES = [SchedulesPages]
API = [SchedulesApi]
