"""Workflows: the list, one of them, its editor, its versions and its start form. The API: workflows_api.py."""

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from appliance import ids
from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.instances import starting
from appliance.domain.workflows import library
from appliance.domain.workflows.library import Workflow
from appliance.errors import Problem
from appliance.web import input_form, respond, workflow_editor, workflow_page, workflow_starter
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.workflows_api import WorkflowsApi

Ref = FromPath[str]
WORKS = {"role": "operator"}


class WorkflowsPages(Controller):
    path = "/workflows"
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database, cursor: FromQuery[str] = "") -> Reply:
        return respond.page(frame, "workflows/index.html", **workflow_page.listing(frame, db, cursor))

    @get("/new", sync_to_thread=True, opt=WORKS)
    def new(self, frame: Frame) -> Reply:
        return workflow_editor.page(frame, None, workflow_starter.STARTER)

    @post("/new", sync_to_thread=True)
    def create(self, frame: Frame, db: Database, actor: Actor, data: Fields) -> Reply:
        return workflow_editor.save(frame, db, actor, None, data.get("source", ""))

    @post("/check", status_code=200, sync_to_thread=True)
    def check(self, frame: Frame, db: Database, data: Fields) -> Reply:
        """The editor with what is typed, looked over; `of` names the workflow being changed."""
        workflow = library.get(db, data["of"]) if data.get("of") else None
        return workflow_editor.page(frame, workflow, data.get("source", ""))

    @get("/{ref:str}", sync_to_thread=True)
    def show(self, frame: Frame, db: Database, ref: Ref) -> Reply:
        return respond.page(frame, "workflows/show.html", **workflow_page.one(frame, db, library.get(db, ref)))

    @get("/{ref:str}/edit", sync_to_thread=True, opt=WORKS)
    def edit(self, frame: Frame, db: Database, ref: Ref) -> Reply:
        found = library.get(db, ref)
        return workflow_editor.page(frame, found, library.version(db, found.id, found.version).source)

    @post("/{ref:str}/edit", sync_to_thread=True)
    def save(self, frame: Frame, db: Database, actor: Actor, ref: Ref, data: Fields) -> Reply:
        return workflow_editor.save(frame, db, actor, library.get(db, ref), data.get("source", ""))

    @get("/{ref:str}/versions/{number:int}", sync_to_thread=True)
    def version(self, frame: Frame, db: Database, ref: Ref, number: FromPath[int]) -> Reply:
        found = workflow_page.version(frame, db, library.get(db, ref), number)
        return respond.page(frame, "workflows/version.html", **found)

    @get("/{ref:str}/compare", sync_to_thread=True)
    def compare(
        self, frame: Frame, db: Database, ref: Ref, a: FromQuery[int | None] = None, b: FromQuery[int | None] = None
    ) -> Reply:
        found = library.get(db, ref)
        newer = b or found.version
        older = a or max(1, newer - 1)
        return respond.page(frame, "workflows/compare.html", **workflow_page.comparison(db, found, older, newer))

    @get("/{ref:str}/start", sync_to_thread=True, opt=WORKS)
    def form(self, frame: Frame, db: Database, ref: Ref) -> Reply:
        return _start_form(frame, db, library.get(db, ref))

    @post("/{ref:str}/start", sync_to_thread=True)
    def start(self, frame: Frame, db: Database, actor: Actor, ref: Ref, data: Fields) -> Reply:
        found = library.get(db, ref)
        schema = library.version(db, found.id, found.version).definition.inputs
        try:
            made = starting.start(
                db,
                actor,
                found.slug,
                input_form.inputs(schema, data),
                version=found.version,
                idem=data.get("idem", ""),
                title=data.get("title", "").strip(),
            )
        except Problem as problem:
            return _start_form(frame, db, found, data, problem)
        return respond.redirect(f"{frame.base}/instances/{made.number}", f"Started as #{made.number}.")

    @post("/{ref:str}/archive", sync_to_thread=True)
    def archive(self, frame: Frame, db: Database, actor: Actor, ref: Ref) -> Reply:
        found = library.get(db, ref)
        try:
            library.archive(db, actor, found.id)
        except Problem as problem:
            return respond.redirect(f"{frame.base}/workflows/{found.slug}", problem.detail, "bad")
        said = f"{found.name} is archived. Its instances and what they cost stay."
        return respond.redirect(f"{frame.base}/workflows", said)


def _start_form(
    frame: Frame, db: Database, found: Workflow, given: dict[str, str] | None = None, problem: Problem | None = None
) -> Reply:
    schema = library.version(db, found.id, found.version).definition.inputs
    shown = input_form.fields(schema, given)
    status = respond.form_status(problem) if problem else 200
    errors = input_form.faults(respond.faults(problem)) if problem else {}
    # One that belongs to no field on the page stands above the form.
    known = {field.key for field in shown} | {"title"}
    above = [f"{name}: {text}" if name else text for name, text in errors.items() if name not in known]
    idem = (given or {}).get("idem") or ids.new()
    context = {"workflow": found, "fields": shown, "errors": errors, "above": above, "idem": idem}
    return respond.page(frame, "workflows/start.html", status, title=(given or {}).get("title", ""), **context)


PAGES = [WorkflowsPages]
API = [WorkflowsApi]
