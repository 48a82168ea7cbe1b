"""Instances: the list, one of them with its live graph, and what a person can do to it. The API: instances_api.py."""

from collections.abc import Callable

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.instances import rows, verbs
from appliance.domain.instances.rows import Instance
from appliance.errors import Problem
from appliance.web import instance_page, respond
from appliance.web.frame import Frame
from appliance.web.instance_page import Looked
from appliance.web.instances_api import InstancesApi, State
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services

Ref = FromPath[str]
PAUSED = "Paused: what runs ends, nothing new starts."


class InstancesPages(Controller):
    path = "/instances"
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True)
    def index(
        self,
        frame: Frame,
        db: Database,
        workflow: FromQuery[str] = "",
        in_state: State = "",
        cursor: FromQuery[str] = "",
    ) -> Reply:
        found = instance_page.listing(frame, db, workflow, in_state, cursor)
        return respond.page(frame, "instances/index.html", **found)

    @get("/{ref:str}", sync_to_thread=True)
    def show(
        self,
        frame: Frame,
        db: Database,
        control: Database,
        ref: Ref,
        step: FromQuery[str] = "",
        items: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Reply:
        return _page(frame, db, control, rows.get(db, ref), Looked(step, items, cursor))

    @post("/{ref:str}/pause", sync_to_thread=True)
    def pause(self, frame: Frame, db: Database, actor: Actor, ref: Ref) -> Reply:
        return _done(frame, db, ref, lambda: verbs.pause(db, actor, ref), PAUSED)

    @post("/{ref:str}/resume", sync_to_thread=True)
    def resume(self, frame: Frame, db: Database, actor: Actor, ref: Ref) -> Reply:
        return _done(frame, db, ref, lambda: verbs.resume(db, actor, ref), "It goes on.")

    @post("/{ref:str}/cancel", sync_to_thread=True)
    def cancel(self, frame: Frame, db: Database, actor: Actor, ref: Ref) -> Reply:
        return _done(frame, db, ref, lambda: verbs.cancel(db, actor, ref), "Cancelled. Files and costs stay.")

    @post("/{ref:str}/signal", sync_to_thread=True)
    def signal(self, frame: Frame, db: Database, control: Database, actor: Actor, ref: Ref, data: Fields) -> Reply:
        found, name = rows.get(db, ref), data.get("name", "").strip()
        try:
            verbs.signal(db, actor, found.id, name, _payload(data.get("payload", "")))
        except Problem as problem:
            return _page(frame, db, control, found, Looked(), problem, data)
        return respond.redirect(f"{frame.base}/instances/{found.number}#signals", f"Sent {name}.")

    @post("/{ref:str}/again", sync_to_thread=True)
    def again(self, frame: Frame, db: Database, actor: Actor, services: Services, ref: Ref, data: Fields) -> Reply:
        # The card of a failed workflow in the inbox names no step.
        files, step = services.catalogue.files(frame.tenant.id), data.get("step") or rows.get(db, ref).failed_path
        said = f"Does everything from {step} on anew; what came before is taken over."
        return _done(frame, db, ref, lambda: verbs.again(db, actor, files, ref, step), said)


def _page(
    frame: Frame,
    db: Database,
    control: Database,
    found: Instance,
    looked: Looked,
    problem: Problem | None = None,
    given: dict[str, str] | None = None,
) -> Reply:
    context = instance_page.context(frame, db, control, found, looked)
    errors = respond.faults(problem) if problem else {}
    status = respond.form_status(problem) if problem else 200
    return respond.page(frame, "instances/show.html", status, errors=errors, given=given or {}, **context)


def _done(frame: Frame, db: Database, ref: str, act: Callable[[], Instance], said: str) -> Reply:
    try:
        after = act()
    except Problem as problem:
        return respond.redirect(f"{frame.base}/instances/{rows.get(db, ref).number}", problem.detail, "bad")
    return respond.redirect(f"{frame.base}/instances/{after.number}", said)


def _payload(text: str) -> object:
    """JSON where it is JSON, else the text; None when it is empty."""
    try:
        return msgspec.json.decode(text) if text.strip() else None
    except (msgspec.DecodeError, RecursionError):
        return text


PAGES = [InstancesPages]
API = [InstancesApi]
