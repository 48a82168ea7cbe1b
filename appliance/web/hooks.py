"""Webhooks that come in: a tab of the settings with its pages, the API, and the address programs post to."""

from typing import Any

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from appliance import clock
from appliance.db.database import Database
from appliance.domain import agents, hook_deliveries, hook_rates, hook_replays, hooks, records
from appliance.domain.actor import Actor
from appliance.domain.hook_deliveries import Arrived
from appliance.domain.hooks import Hook, IssuedHook
from appliance.domain.tenants import Tenant
from appliance.domain.workflows import library
from appliance.errors import Problem
from appliance.web import hook_door, hook_fields, hook_words, hooks_api, respond
from appliance.web.access import services_of
from appliance.web.frame import Frame
from appliance.web.hooks_api import State
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services
from appliance.web.settings import room

Id = FromPath[str]
HOME = "/settings/hooks"


class HooksPages(Controller):
    path = HOME
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True)
    def index(
        self, frame: Frame, db: Database, control: Database, in_state: State = "", cursor: FromQuery[str] = ""
    ) -> Reply:
        page = hooks.listing(control, frame.tenant.id, in_state, cursor=cursor)
        rows = [(hook, hook_words.does(db, hook, frame.base), hook_words.signed(hook)) for hook in page.items]
        shown: dict[str, Any] = {"rows": rows, "next": page.next_cursor, "chosen": in_state, "states": hooks.STATES}
        link = hooks_api.link_of(services_of(frame.request))
        return room(frame, "hooks", **shown, example=hook_words.example(f"{link}{hooks.PATH}hook_…"))

    @get("/new", opt={"role": "operator"}, sync_to_thread=True)
    def new(self, frame: Frame, db: Database, kind: FromQuery[str] = "", task: FromQuery[str] = "") -> Reply:
        return _form(frame, db, {"kind": kind, "task": task})

    @post("/", sync_to_thread=True)
    def create(
        self, frame: Frame, db: Database, control: Database, services: Services, actor: Actor, data: Fields
    ) -> Reply:
        try:
            link = hooks_api.link_of(services)
            issued = hooks.create(control, db, services.vault, actor, hook_fields.new(data), link)
        except Problem as problem:
            return _form(frame, db, data, problem)
        return _told(frame, issued)


class HookPages(Controller):
    path = HOME + "/{hook_id:str}"
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True)
    def show(
        self,
        frame: Frame,
        db: Database,
        control: Database,
        hook_id: Id,
        outcome: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Reply:
        hook = hooks.get(control, frame.tenant.id, hook_id)
        return _page(frame, db, hook, outcome, cursor)

    @get("/edit", opt={"role": "operator"}, sync_to_thread=True)
    def edit(self, frame: Frame, db: Database, control: Database, hook_id: Id) -> Reply:
        hook = hooks.get(control, frame.tenant.id, hook_id)
        return _form(frame, db, hook_fields.shown(hook), hook=hook)

    @post("/edit", sync_to_thread=True)
    def change(self, frame: Frame, db: Database, control: Database, actor: Actor, hook_id: Id, data: Fields) -> Reply:
        hook = hooks.get(control, frame.tenant.id, hook_id)
        try:
            hooks.change(control, db, actor, hook.id, hook_fields.change(data | {"kind": hook.kind}, hook))
        except Problem as problem:
            return _form(frame, db, data, problem, hook)
        return _back(frame, hook_id, "Saved.")

    @post("/pause", sync_to_thread=True)
    def pause(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, hook_id: Id) -> Reply:
        hooks.pause(control, actor, tenant.id, hook_id)
        return _back(frame, hook_id, "Paused. Deliveries are answered and logged, and do nothing.")

    @post("/resume", sync_to_thread=True)
    def resume(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, hook_id: Id) -> Reply:
        hooks.resume(control, actor, tenant.id, hook_id)
        return _back(frame, hook_id, "Deliveries are carried out again.")

    @post("/rotate", sync_to_thread=True)
    def rotate(self, frame: Frame, control: Database, services: Services, actor: Actor, hook_id: Id) -> Reply:
        return _told(frame, hooks.rotate(control, actor, frame.tenant.id, hook_id, hooks_api.link_of(services)))

    @post("/secret", sync_to_thread=True)
    def secret(
        self,
        frame: Frame,
        db: Database,
        control: Database,
        services: Services,
        actor: Actor,
        hook_id: Id,
        data: Fields,
    ) -> Reply:
        hook = hooks.get(control, frame.tenant.id, hook_id)
        try:
            wanted = hook_fields.secret(data, hook.signing.scheme)
            issued = hooks.renew_secret(control, services.vault, actor, frame.tenant.id, hook_id, wanted)
        except Problem as problem:
            return _page(frame, db, hook, problem=problem, typed=data)
        return _told(frame, issued) if issued.secret else _back(frame, hook_id, "The secret was changed.")

    @post("/revoke", sync_to_thread=True)
    def revoke(self, frame: Frame, control: Database, actor: Actor, tenant: Tenant, hook_id: Id) -> Reply:
        hooks.revoke(control, actor, tenant.id, hook_id)
        return respond.redirect(f"{frame.base}{HOME}", "The hook was revoked. Its deliveries stay for 30 days.")

    @post("/try", sync_to_thread=True)
    def try_out(self, frame: Frame, db: Database, control: Database, actor: Actor, hook_id: Id, data: Fields) -> Reply:
        hook = hooks.get(control, frame.tenant.id, hook_id)
        headers = {"content-type": "application/json"}
        arrived = Arrived(headers, data.get("sample", "").encode(), "", clock.monotonic())
        try:
            tried = hook_replays.try_out(db, actor, hook, arrived)
        except Problem as problem:
            return _page(frame, db, hook, problem=problem, typed=data)
        return _page(frame, db, hook, typed=data, tried=tried)

    @get("/deliveries/{delivery_id:str}", sync_to_thread=True)
    def delivery(self, frame: Frame, db: Database, control: Database, hook_id: Id, delivery_id: Id) -> Reply:
        return _delivery(frame, db, hooks.get(control, frame.tenant.id, hook_id), delivery_id)

    @post("/deliveries/{delivery_id:str}/replay", sync_to_thread=True)
    def replay(
        self,
        frame: Frame,
        db: Database,
        control: Database,
        actor: Actor,
        hook_id: Id,
        delivery_id: Id,
        data: Fields,
    ) -> Reply:
        hook = hooks.get(control, frame.tenant.id, hook_id)
        try:
            made = hook_replays.replay(db, actor, hook, delivery_id, bool(data.get("confirm")))
        except Problem as problem:
            return _delivery(frame, db, hook, delivery_id, problem)
        path = f"{frame.base}{HOME}/{hook.id}/deliveries/{made.id}"
        return respond.redirect(path, made.reason, "good" if made.had_effect else "warn")


def _form(
    frame: Frame, db: Database, given: dict[str, str], problem: Problem | None = None, hook: Hook | None = None
) -> Reply:
    status = respond.form_status(problem) if problem else 200
    kind = hook.kind if hook else given.get("kind", "")
    shown: dict[str, Any] = {"given": given, "kind": kind if kind in hook_words.KINDS else "", "hook": hook}
    shown |= {"errors": hook_fields.faults(problem) if problem else {}, "kinds": hook_words.KINDS}
    shown |= {"schemes": hook_words.SCHEMES, "usual": hook_rates.USUAL}
    shown["agents"] = [(agent.slug, agent.name) for agent in agents.all(db)]
    shown["workflows"] = [(one.slug, one.name) for one in library.listing(db, records.LIMIT_MAX).items]
    return respond.page(frame, "hooks/form.html", status, **shown)


def _page(
    frame: Frame,
    db: Database,
    hook: Hook,
    outcome: str = "",
    cursor: str = "",
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
    tried: Any = None,
) -> Reply:
    page = hook_deliveries.listing(db, hook.id, outcome, cursor=cursor)
    shown: dict[str, Any] = {"page": page, "chosen": outcome, "outcomes": hook_words.OUTCOMES, "tried": tried}
    shown |= {"does": hook_words.does(db, hook, frame.base), "signed": hook_words.signed(hook), "hook": hook}
    shown |= {"limits": hook_words.limits(hook), "turned": hook_rates.of(db, hook.id), "form": typed or {}}
    shown |= {"errors": hook_fields.faults(problem) if problem else {}, "schemes": hook_words.SCHEMES}
    status = respond.form_status(problem) if problem else 200
    return respond.page(frame, "hooks/show.html", status, **shown)


def _delivery(frame: Frame, db: Database, hook: Hook, delivery_id: str, problem: Problem | None = None) -> Reply:
    found = hook_deliveries.get(db, hook.id, delivery_id)
    replays = hook_deliveries.replays(db, found.id)
    shown: dict[str, Any] = {"hook": hook, "delivery": found, "replays": replays, "outcomes": hook_words.OUTCOMES}
    shown["had_effect"] = any(one.had_effect for one in (found, *replays))
    shown["body"] = _pretty(found.body)
    shown["errors"] = hook_fields.faults(problem) if problem else {}
    shown["reached"] = hook_words.reached(db, found, frame.base)
    return respond.page(frame, "hooks/delivery.html", respond.form_status(problem) if problem else 200, **shown)


def _pretty(body: str) -> str:
    try:
        return msgspec.json.format(body, indent=2) if body else ""
    except msgspec.DecodeError:
        return body


def _told(frame: Frame, issued: IssuedHook) -> Reply:
    return respond.page(frame, "hooks/issued.html", issued=issued, example=hook_words.example(issued.url))


def _back(frame: Frame, hook_id: str, flash: str) -> Reply:
    return respond.redirect(f"{frame.base}{HOME}/{hook_id}", flash)


PAGES = [HooksPages, HookPages]
API = hooks_api.API
HANDLERS = hook_door.HANDLERS
