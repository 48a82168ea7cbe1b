"""Routes: pages and API."""

from typing import Any

from litestar import Controller, Request, delete, get, patch, post

from appliance.calls import offers
from appliance.db.database import Database
from appliance.domain import providers, routes
from appliance.domain.actor import Actor
from appliance.domain.route_forms import NewRoute, RouteChange
from appliance.domain.routes import Plan, Route
from appliance.errors import Problem
from appliance.web import respond, route_form
from appliance.web.frame import Frame
from appliance.web.idempotency import Once
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.route_form import Sample, Tested, Trial
from appliance.web.services import Services

ADMIN = {"role": "admin"}
Asks = Request[Any, Any, Any]


class RoutesPages(Controller):
    path = "/routes"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database) -> Reply:
        served = bool(providers.all(db))
        found = routes.every(db)
        return respond.page(frame, "routes/index.html", routes=found, words=route_form.WORDS, served=served)

    @get("/new", sync_to_thread=True, opt=ADMIN)
    def new(self, frame: Frame, db: Database, services: Services) -> Reply:
        return _page(frame, db, services, None)

    @post("/", sync_to_thread=True, opt=ADMIN)
    def add(self, frame: Frame, db: Database, actor: Actor, services: Services, data: Fields) -> Reply:
        try:
            made = routes.create(db, actor, respond.form(NewRoute, route_form.decoded(data)))
        except Problem as problem:
            return _page(frame, db, services, None, data, problem)
        said = f"Agents and tools may ask for {made.name} now."
        return respond.redirect(f"{frame.base}/routes/{made.id}", said)

    @get("/{ref:str}", sync_to_thread=True)
    def show(self, frame: Frame, db: Database, services: Services, ref: str) -> Reply:
        return _page(frame, db, services, routes.get(db, ref))

    @post("/{ref:str}", sync_to_thread=True, opt=ADMIN)
    def change(self, frame: Frame, db: Database, actor: Actor, services: Services, ref: str, data: Fields) -> Reply:
        try:
            changed = routes.change(db, actor, ref, respond.form(RouteChange, route_form.decoded(data)))
        except Problem as problem:
            return _page(frame, db, services, routes.get(db, ref), data, problem)
        return respond.redirect(f"{frame.base}/routes/{changed.id}", "Saved.")

    @post("/{ref:str}/remove", sync_to_thread=True, opt=ADMIN)
    def remove(self, frame: Frame, db: Database, actor: Actor, ref: str) -> Reply:
        routes.remove(db, actor, ref)
        return respond.redirect(f"{frame.base}/routes", "The route was removed.")


class RoutesApi(Controller):
    path = "/routes"
    tags = ["providers"]
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True, summary="Routes with their targets in order")
    def listing(self, db: Database) -> dict[str, Any]:
        return {"items": routes.every(db), "next_cursor": None}

    @post("/", sync_to_thread=True, opt=ADMIN, summary="Make a route")
    def create(self, db: Database, actor: Actor, once: Once, data: NewRoute) -> Reply:
        return once.created(lambda: routes.create(db, actor, data))

    @post("/test", status_code=200, sync_to_thread=True, summary="Where a request would go now, and why")
    def test(self, db: Database, services: Services, data: Trial) -> Tested:
        """Nothing is sent. A model that nothing can serve is the problem `conflict`, which says why."""
        return route_form.tested(db, data.want(), services.calls.known.at(db))

    @get("/{ref:str}", sync_to_thread=True, summary="One route, by id or name")
    def one(self, db: Database, ref: str) -> Route:
        return routes.get(db, ref)

    @patch("/{ref:str}", sync_to_thread=True, opt=ADMIN, summary="Change a route; targets are given whole")
    def change(self, db: Database, actor: Actor, ref: str, data: RouteChange) -> Route:
        return routes.change(db, actor, ref, data)

    @delete("/{ref:str}", sync_to_thread=True, opt=ADMIN, summary="Remove a route")
    def remove(self, db: Database, actor: Actor, ref: str) -> None:
        routes.remove(db, actor, ref)


def _page(
    frame: Frame,
    db: Database,
    services: Services,
    route: Route | None,
    given: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Reply:
    """The form, and for a route that is there where a sample request would go."""
    typed = given or {}
    shown = {
        "name": typed.get("name", route.name if route else ""),
        "strategy": typed.get("strategy", route.strategy if route else "fixed"),
        "sticky": "sticky" in typed if given else route.sticky if route else True,
    }
    sample = _sample(frame)
    plan, fault = _looked(db, services, route, sample) if route else (None, "")
    return respond.page(
        frame,
        "routes/show.html",
        respond.form_status(problem) if problem else 200,
        route=route,
        given=shown,
        rows=route_form.rows(route, typed),
        choices=route_form.CHOICES,
        words=route_form.WORDS,
        offers=offers.every(services.calls.accounts, db),
        errors=respond.faults(problem) if problem else {},
        sample=sample,
        plan=plan,
        fault=fault,
    )


def _looked(db: Database, services: Services, route: Route, sample: Sample) -> tuple[Plan | None, str]:
    try:
        return routes.look(db, sample.want(route.name), services.calls.known.at(db)), ""
    except Problem as problem:
        return None, problem.detail


def _sample(frame: Frame) -> Sample:
    """From the address, so that it can be shared; what is no number is the usual one."""
    try:
        return respond.form(Sample, dict(frame.request.query_params))
    except Problem:
        return Sample()


PAGES = [RoutesPages]
API = [RoutesApi]
