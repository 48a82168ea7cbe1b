"""The room of plans: what tenants may have and use. For the owners of the box."""

from typing import Any

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from appliance.db.bounds import LIMITS
from appliance.db.database import Database
from appliance.domain import flags, plan_forms, plans, quotas, tenant_plans, tenants
from appliance.domain.actor import Actor
from appliance.domain.plans import NewPlan, Plan, PlanChange
from appliance.domain.tenant_plans import Terms, TermsChange
from appliance.errors import Problem
from appliance.web import plan as own_view
from appliance.web import respond
from appliance.web.box import BoxFrame
from appliance.web.box_plans_api import BoxPlansApi
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services

STATES = {"on": True, "off": False, "": None}


class BoxPlanPages(Controller):
    path = "/plans"

    @get("/", sync_to_thread=True)
    def index(
        self, frame: BoxFrame, control: Database, find: FromQuery[str] = "", cursor: FromQuery[str] = ""
    ) -> Reply:
        return _index(frame, control, find=find, cursor=cursor)

    @post("/", sync_to_thread=True)
    def create(self, frame: BoxFrame, control: Database, actor: Actor, data: Fields) -> Reply:
        try:
            new = NewPlan(slug=data.get("slug", "").strip(), **_plan(data))
            made = plans.create(control, actor, new)
        except Problem as problem:
            return _index(frame, control, problem, data)
        return respond.redirect("/box/plans", f"The plan {made.name} was made.")

    @get("/{slug:str}", sync_to_thread=True)
    def show(self, frame: BoxFrame, control: Database, slug: FromPath[str], cursor: FromQuery[str] = "") -> Reply:
        return _plan_page(frame, control, plans.get(control, slug), cursor=cursor)

    @post("/{slug:str}", sync_to_thread=True)
    def change(self, frame: BoxFrame, control: Database, actor: Actor, slug: FromPath[str], data: Fields) -> Reply:
        found = plans.get(control, slug)
        try:
            changed = plans.change(control, actor, slug, PlanChange(**_plan(data)))
        except Problem as problem:
            return _plan_page(frame, control, found, problem, data)
        return respond.redirect(f"/box/plans/{slug}", f"The plan {changed.name} was saved.")

    @post("/{slug:str}/remove", sync_to_thread=True)
    def remove(self, frame: BoxFrame, control: Database, actor: Actor, slug: FromPath[str]) -> Reply:
        found = plans.get(control, slug)
        try:
            plans.remove(control, actor, slug)
        except Problem as problem:
            return _plan_page(frame, control, found, problem)
        return respond.redirect("/box/plans", f"The plan {found.name} was removed.")

    @get("/tenants/{slug:str}", sync_to_thread=True)
    def tenant(self, frame: BoxFrame, control: Database, services: Services, slug: FromPath[str]) -> Reply:
        return _tenant_page(frame, control, services, slug)

    @post("/tenants/{slug:str}", sync_to_thread=True)
    def change_tenant(
        self,
        frame: BoxFrame,
        control: Database,
        services: Services,
        actor: Actor,
        slug: FromPath[str],
        data: Fields,
    ) -> Reply:
        found = tenants.by_slug(control, slug)
        try:
            terms = tenant_plans.change(control, actor, found.id, _terms(data))
        except Problem as problem:
            return _tenant_page(frame, control, services, slug, problem, data)
        return respond.redirect(f"/box/plans/tenants/{slug}", f"{found.name} is on the plan {terms.plan.name}.")


def _index(
    frame: BoxFrame,
    control: Database,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
    find: str = "",
    cursor: str = "",
) -> Reply:
    page = tenants.page(control, find=find, cursor=cursor)
    shown = {"plans": plans.every(control), "page": page, "find": find, "sized": quotas.sized}
    return _page(frame, "plans", problem, form=typed or {}, **shown)


def _plan_page(
    frame: BoxFrame,
    control: Database,
    found: Plan,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
    cursor: str = "",
) -> Reply:
    form = typed or _written(found, found.flags) | {"name": found.name, "price": _dollars(found.price_nano)}
    return _page(
        frame, "plan", problem, plan=found, form=form, page=tenants.page(control, plan=found.slug, cursor=cursor)
    )


def _tenant_page(
    frame: BoxFrame,
    control: Database,
    services: Services,
    slug: str,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Reply:
    found = tenants.by_slug(control, slug)
    terms = tenant_plans.of(control, found.id)
    with services.catalogue.open(found.id) as db:
        shown = own_view.shown(db)
    limits = {name: plan_forms.shown(name, getattr(terms.plan, name)) for name in LIMITS}
    options = [(plan.slug, plan.name) for plan in plans.every(control)]
    shown |= {
        "customer": found,
        "terms": terms,
        "form": typed or _own(terms),
        "plan_limits": limits,
        "options": options,
    }
    return _page(frame, "plan_tenant", problem, **shown)


def _page(frame: BoxFrame, name: str, problem: Problem | None, **shown: Any) -> Reply:
    status = respond.form_status(problem) if problem else 200
    errors = respond.faults(problem) if problem else {}
    return respond.page(
        frame, f"box/{name}.html", status, errors=errors, limits=plan_forms.WORDS, flags=flags.FLAGS, **shown
    )


def _plan(data: dict[str, str]) -> dict[str, Any]:
    """The fields of a plan's form. Raises Problem(invalid)."""
    given: dict[str, Any] = plan_forms.limits(data)
    if "name" in data and (data["name"].strip() or "slug" not in data):
        given["name"] = data["name"]
    return given | {"price_nano": plan_forms.price(data.get("price", "")), "flags": _switches(data)}


def _switches(data: dict[str, str]) -> dict[str, bool | None]:
    return {name: STATES.get(data[f"flag_{name}"]) for name in flags.FLAGS if f"flag_{name}" in data}


def _terms(data: dict[str, str]) -> TermsChange:
    """An empty limit follows the plan; "none" is no limit. Raises Problem(invalid)."""
    own = {name: data[name] for name in LIMITS if data.get(name, "").strip()}
    back = tuple(name for name in LIMITS if name not in own)
    return TermsChange(data.get("plan", ""), plan_forms.limits(own), _switches(data), back)


def _own(terms: Terms) -> dict[str, str]:
    own = {name: plan_forms.shown(name, value) for name, value in terms.own_limits.items()}
    return own | _flags(terms.own_flags) | {"plan": terms.plan.slug}


def _written(found: Plan, switched: dict[str, bool]) -> dict[str, str]:
    values = {name: getattr(found, name) for name in LIMITS}
    told = {name: plan_forms.shown(name, value) for name, value in values.items() if value is not None}
    return told | _flags(switched)


def _flags(switched: dict[str, bool]) -> dict[str, str]:
    return {f"flag_{name}": "on" if on else "off" for name, on in switched.items()}


def _dollars(nano: int | None) -> str:
    return "" if nano is None else f"{nano / plan_forms.NANO:.2f}".removesuffix(".00")


BOX_PAGES = [BoxPlanPages]
BOX_API = [BoxPlansApi]
