"""The room of backups: what is kept of whom, where, and when it was last proved that it can be put back."""

from typing import Any

from litestar import Controller, MediaType, Response, get, post

from appliance.backup import due, kit, places, rows, standing
from appliance.backup.due import Plan
from appliance.backup.places import NewPlace
from appliance.db.database import Database
from appliance.domain import throttle, users
from appliance.domain.actor import Actor
from appliance.errors import Problem, invalid
from appliance.web import door, respond
from appliance.web.box import BoxFrame
from appliance.web.box_backup_targets_api import BackupTargetsApi
from appliance.web.box_backups_api import BackupsApi, means
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services

HOME = "/box/backups"
KIT_FILE = "agenthq-recovery-kit.txt"
ASKED = {"run": "The backup begins within seconds.", "drill": "The drill begins within seconds."}


class BackupsPages(Controller):
    path = "/backups"

    @get("/", sync_to_thread=True)
    def index(self, frame: BoxFrame, control: Database, services: Services) -> Reply:
        return _page(frame, control, services)

    @get("/list", sync_to_thread=True)
    def listing(self, frame: BoxFrame, control: Database, services: Services) -> Reply:
        query = frame.request.query_params
        page = rows.page(control, query.get("tenant", ""), cursor=query.get("cursor", ""))
        owners = standing.of(means(services), control).owners
        return respond.page(frame, "box/backups_list.html", page=page, owners=owners, chosen=query.get("tenant", ""))

    @post("/ask", sync_to_thread=True)
    def ask(self, control: Database, actor: Actor, data: Fields) -> Reply:
        what = data.get("what", "")
        if what not in ASKED:
            raise invalid(what="take run or drill")
        due.ask(control, actor, what)
        return respond.redirect(HOME, ASKED[what])

    @post("/plan", sync_to_thread=True)
    def plan(self, frame: BoxFrame, control: Database, actor: Actor, services: Services, data: Fields) -> Reply:
        try:
            due.set_plan(control, actor, respond.form(Plan, {"on": "false", **data}))
        except Problem as problem:
            return _page(frame, control, services, problem, data)
        return respond.redirect(HOME, "The schedule is changed.")

    @post("/targets", sync_to_thread=True)
    def add(self, frame: BoxFrame, control: Database, actor: Actor, services: Services, data: Fields) -> Reply:
        try:
            new = respond.form(NewPlace, dict(data))
            made = places.add(control, actor, services.vault, services.settings.data_dir, new)
        except Problem as problem:
            return _page(frame, control, services, problem, data)
        key = places.fingerprint(made)
        said = f" Its host key is {key}." if key else ""
        return respond.redirect(HOME, f"{made.name} answers and is added.{said} Print a new recovery kit.")

    @post("/targets/test", sync_to_thread=True)
    def test(self, control: Database, services: Services, data: Fields) -> Reply:
        found = places.test(control, services.vault, services.settings.data_dir, data.get("name", ""))
        tone = "bad" if found.failure else "good"
        return respond.redirect(HOME, found.failure or f"{found.name} answers.", tone)

    @post("/targets/remove", sync_to_thread=True)
    def remove(self, control: Database, actor: Actor, services: Services, data: Fields) -> Reply:
        gone = places.remove(control, actor, services.settings.data_dir, data.get("name", ""))
        return respond.redirect(HOME, f"{gone.name} is forgotten. What it holds stays there.")

    @post("/kit", sync_to_thread=True)
    def kit(self, frame: BoxFrame, control: Database, actor: Actor, services: Services, data: Fields) -> Reply:
        """The kit as a file, after the password: an unattended screen must not give the keys away."""
        try:
            _prove(control, frame, data.get("password", ""))
        except Problem as problem:
            return _page(frame, control, services, problem, data)
        headers = {"Content-Disposition": f'attachment; filename="{KIT_FILE}"', "Cache-Control": "no-store"}
        return Response(kit.text(means(services), control, actor), media_type=MediaType.TEXT, headers=headers)

    @post("/kit/confirm", sync_to_thread=True)
    def confirm(self, frame: BoxFrame, control: Database, actor: Actor, services: Services, data: Fields) -> Reply:
        try:
            kit.confirm(means(services), control, actor, data.get("code", ""))
        except Problem as problem:
            return _page(frame, control, services, problem, data)
        return respond.redirect(HOME, "The kit is put away.")


def _page(
    frame: BoxFrame,
    control: Database,
    services: Services,
    problem: Problem | None = None,
    form: dict[str, Any] | None = None,
) -> Reply:
    found = standing.of(means(services), control)
    keys = {place.id: places.fingerprint(place) for place in found.targets}
    status = respond.form_status(problem) if problem else 200
    errors = respond.faults(problem) if problem else {}
    given = {"stand": found, "keys": keys, "drills": rows.drills(control, limit=8), "hours": due.HOURS}
    return respond.page(frame, "box/backups.html", status, **given, errors=errors, form=form or {})


def _prove(control: Database, frame: BoxFrame, password: str) -> None:
    """Raises Problem(invalid), Problem(rate_limited)."""
    email, address = frame.person.email, door.address_of(frame.request)
    throttle.attempt(control, email, address)
    try:
        users.verify(control, email, password)
    except Problem as problem:
        raise invalid(password="is not your password") from problem
    throttle.clear(control, email, address)


BOX_PAGES = [BackupsPages]
BOX_API = [BackupsApi, BackupTargetsApi]
