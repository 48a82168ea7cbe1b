"""Plans over the API, for the owners of the box."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import flags, plans, quotas, tenant_plans, tenants
from appliance.domain.actor import Actor
from appliance.domain.plans import NewPlan, Plan, PlanChange
from appliance.domain.quotas import Usage
from appliance.domain.tenant_plans import Terms, TermsChange
from appliance.web import respond
from appliance.web.respond import Reply
from appliance.web.services import Services


class TermsView(msgspec.Struct, frozen=True):
    """`flags` are the switches as they stand for the tenant."""

    terms: Terms
    usage: list[Usage]
    flags: dict[str, bool]


class BoxPlansApi(Controller):
    path = "/plans"

    @get("/", sync_to_thread=True, summary="All plans, and the switches that there are")
    def listing(self, control: Database) -> dict[str, Any]:
        known = [{"flag": name, "usual": one.usual, "about": one.about} for name, one in flags.FLAGS.items()]
        return {"items": plans.every(control), "flags": known}

    @post("/", sync_to_thread=True, summary="Make a plan; limits that are left out are none")
    def create(self, control: Database, actor: Actor, data: NewPlan) -> Reply:
        return respond.created(plans.create(control, actor, data))

    @get("/{slug:str}", sync_to_thread=True, summary="A plan")
    def show(self, control: Database, slug: FromPath[str]) -> Plan:
        return plans.get(control, slug)

    @patch("/{slug:str}", sync_to_thread=True, summary="Change a plan for all tenants on it")
    def change(self, control: Database, actor: Actor, slug: FromPath[str], data: PlanChange) -> Plan:
        return plans.change(control, actor, slug, data)

    @delete("/{slug:str}", sync_to_thread=True, summary="Remove a plan that no tenant is on")
    def remove(self, control: Database, actor: Actor, slug: FromPath[str]) -> None:
        plans.remove(control, actor, slug)

    @get("/tenants/{slug:str}", sync_to_thread=True, summary="A tenant's plan, its own limits and what it uses")
    def tenant(self, control: Database, services: Services, slug: FromPath[str]) -> TermsView:
        return _view(control, services, tenants.by_slug(control, slug).id)

    @patch("/tenants/{slug:str}", sync_to_thread=True, summary="Set a tenant's plan, its own limits and switches")
    def change_tenant(
        self, control: Database, services: Services, actor: Actor, slug: FromPath[str], data: TermsChange
    ) -> TermsView:
        tenant_id = tenants.by_slug(control, slug).id
        tenant_plans.change(control, actor, tenant_id, data)
        return _view(control, services, tenant_id)


def _view(control: Database, services: Services, tenant_id: str) -> TermsView:
    terms = tenant_plans.of(control, tenant_id)
    with services.catalogue.open(tenant_id) as db:
        return TermsView(terms, quotas.usage(db), flags.every(db.bounds))
