"""Tasks: the page of one, its forms, and what can be done with it."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain import checks, comments, lifecycle, tasks
from appliance.domain.actor import Actor
from appliance.domain.tasks import Task
from appliance.errors import Problem, not_found
from appliance.web import problems, respond, task_files, task_forms, task_page
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services
from appliance.web.tasks_api import TasksApi

Ref = FromPath[str]
OPERATOR = {"role": "operator"}
Verb = Callable[[Database, Actor, str], Task]
VERBS: dict[str, tuple[Verb, str]] = {
    "start": (lifecycle.start, "Queued. The first step appears as it happens."),
    "retry": (lifecycle.retry, "Queued again."),
    "cancel": (lifecycle.cancel, "Cancelled."),
    "approve": (lifecycle.approve, "Accepted."),
    "reopen": (lifecycle.reopen, "Reopened."),
}


class TasksPages(Controller):
    path = "/tasks"
    opt = {"writes": "operator"}

    @get("/new", sync_to_thread=True, opt=OPERATOR)
    def new(
        self,
        frame: Frame,
        db: Database,
        control: Database,
        assignee: FromQuery[str] = "",
        parent_id: FromQuery[str] = "",
    ) -> Reply:
        return task_forms.new(frame, db, control, {"assignee": assignee, "parent_id": parent_id})

    @post("/", sync_to_thread=True)
    def create(self, frame: Frame, db: Database, control: Database, actor: Actor, data: Fields) -> Reply:
        try:
            made = task_forms.create(db, control, frame, actor, data)
        except Problem as problem:
            return task_forms.new(frame, db, control, {"start": ""} | data, problem)
        return respond.redirect(_page_of(frame, made.number))

    @get("/{ref:str}", sync_to_thread=True)
    def show(self, frame: Frame, db: Database, control: Database, services: Services, ref: Ref) -> Reply:
        return _show(frame, db, control, services, ref)

    @get("/{ref:str}/edit", sync_to_thread=True, opt=OPERATOR)
    def edit(self, frame: Frame, db: Database, control: Database, ref: Ref) -> Reply:
        return task_forms.edit(frame, db, control, tasks.get(db, ref))

    @post("/{ref:str}/edit", sync_to_thread=True)
    def change(self, frame: Frame, db: Database, control: Database, actor: Actor, ref: Ref, data: Fields) -> Reply:
        try:
            changed = task_forms.change(db, control, frame, actor, ref, data)
        except Problem as problem:
            return task_forms.edit(frame, db, control, tasks.get(db, ref), data, problem)
        return respond.redirect(_page_of(frame, changed.number), "Saved.")

    @post("/{ref:str}/move", sync_to_thread=True)
    def move(self, frame: Frame, db: Database, actor: Actor, ref: Ref, data: Fields) -> Reply:
        try:
            lifecycle.move(db, actor, ref, data.get("state", ""))
        except Problem as problem:
            return _refused(frame, problem, _board_of(frame))
        return _moved(frame)

    @post("/{ref:str}/comments", sync_to_thread=True)
    def comment(
        self, frame: Frame, db: Database, control: Database, services: Services, actor: Actor, ref: Ref, data: Fields
    ) -> Reply:
        try:
            comments.add(db, actor, tasks.get(db, ref).id, data.get("body", ""))
        except Problem as problem:
            return _show(frame, db, control, services, ref, data, problem)
        return respond.redirect(_page_of(frame, ref) + "#comments")

    @get("/{ref:str}/files/{path:path}", sync_to_thread=True)
    def file(self, frame: Frame, db: Database, services: Services, ref: Ref, path: FromPath[Path]) -> Reply:
        found = tasks.get(db, ref)
        return task_files.download(services.catalogue.files(frame.tenant.id), found, path.as_posix())

    @post("/{ref:str}/checks/{check:str}/waive", sync_to_thread=True)
    def waive(self, frame: Frame, db: Database, actor: Actor, ref: Ref, check: FromPath[str], data: Fields) -> Reply:
        found = tasks.get(db, ref)
        page = _page_of(frame, found.number)
        try:
            checks.waive(db, actor, checks.get(db, found.id, check).id, data.get("reason", ""))
        except Problem as problem:
            return _refused(frame, problem, page)
        return respond.redirect(page, "Waived; the reason is kept with the check.")

    @post("/{ref:str}/{verb:str}", sync_to_thread=True)
    def act(self, frame: Frame, db: Database, actor: Actor, ref: Ref, verb: FromPath[str]) -> Reply:
        page = _page_of(frame, tasks.get(db, ref).number)
        act, said = _verb(verb)
        try:
            act(db, actor, ref)
        except Problem as problem:
            return _refused(frame, problem, page)
        return respond.redirect(page, said)


def _verb(name: str) -> tuple[Verb, str]:
    if name not in VERBS:
        raise not_found("action")
    return VERBS[name]


def _show(
    frame: Frame,
    db: Database,
    control: Database,
    services: Services,
    ref: str,
    given: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Reply:
    shown = task_page.context(frame, db, control, services.catalogue.files(frame.tenant.id), tasks.get(db, ref))
    errors = respond.faults(problem) if problem else {}
    status = respond.form_status(problem) if problem else 200
    return respond.page(frame, "tasks/show.html", status, **shown, given=given or {}, errors=errors)


def _page_of(frame: Frame, number: int | str) -> str:
    return f"{frame.base}/tasks/{number}"


def _board_of(frame: Frame) -> str:
    """The board as the person had filtered it."""
    came = urlsplit(frame.request.headers.get("referer", ""))
    board = f"{frame.base}/board"
    return f"{board}?{came.query}" if came.path.rstrip("/") == board and came.query else board


def _moved(frame: Frame) -> Reply:
    if frame.request.headers.get("hx-request") == "true":
        return Response(None, status_code=204)
    return respond.redirect(_board_of(frame))


def _refused(frame: Frame, problem: Problem, back: str) -> Reply:
    if "application/problem+json" in frame.request.headers.get("accept", ""):
        return problems.as_json(problem)
    return respond.redirect(back, problem.detail, "bad")


PAGES = [TasksPages]
API = [TasksApi]
