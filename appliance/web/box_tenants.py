"""Tenants as the owners of the box see them: figures and their life, never their contents."""

from collections.abc import Callable
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance.db.database import Database
from appliance.domain import audit, members, plans, tenant_life, tenant_purge, tenant_usage, tenants
from appliance.domain.actor import Actor
from appliance.domain.tenant_life import NewTenant
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.box import BoxFrame
from appliance.web.box_tenants_api import BoxTenantsApi
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services

Ref = FromPath[str]
# The framework keeps the name `state` for itself.
State = Annotated[str, QueryParameter(name="state")]
HERE = "/box/tenants"


class BoxTenantsPages(Controller):
    path = "/tenants"

    @get("/", sync_to_thread=True)
    def index(
        self,
        frame: BoxFrame,
        control: Database,
        services: Services,
        in_state: State = "",
        find: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Reply:
        state = in_state if in_state in tenant_usage.STATES else ""
        page = tenant_usage.page(services.catalogue, control, state, find, cursor=cursor)
        return respond.page(frame, "box/tenants.html", page=page, state=state, find=find)

    @get("/new", sync_to_thread=True)
    def new(self, frame: BoxFrame, control: Database) -> Reply:
        return _form(frame, control, {"owner": frame.person.email, "plan": tenants.plan_for(control)})

    @post("/", sync_to_thread=True)
    def create(self, frame: BoxFrame, control: Database, services: Services, actor: Actor, data: Fields) -> Reply:
        try:
            new = respond.form(NewTenant, data)
            made = tenant_life.found(services.catalogue, control, services.vault, actor, new)
        except Problem as problem:
            return _form(frame, control, data, problem)
        return respond.redirect(f"{HERE}/{made.slug}", f"{made.name} is ready.")

    @get("/purged", sync_to_thread=True)
    def purged(self, frame: BoxFrame, control: Database, cursor: FromQuery[str] = "") -> Reply:
        return respond.page(frame, "box/purged.html", page=tenant_purge.evidence(control, cursor=cursor))

    @get("/{ref:str}", sync_to_thread=True)
    def show(self, frame: BoxFrame, control: Database, services: Services, ref: Ref) -> Reply:
        return tenant_page(frame, control, services, tenants.by_slug(control, ref))

    @post("/{ref:str}/suspend", sync_to_thread=True)
    def suspend(
        self, frame: BoxFrame, control: Database, services: Services, actor: Actor, ref: Ref, data: Fields
    ) -> Reply:
        def act(tenant: Tenant) -> str:
            tenant_life.suspend(control, actor, tenant.id, data.get("reason", ""))
            return f"{tenant.name} is suspended. Its runs are held."

        return _moved(frame, control, services, ref, act, data)

    @post("/{ref:str}/resume", sync_to_thread=True)
    def resume(self, frame: BoxFrame, control: Database, services: Services, actor: Actor, ref: Ref) -> Reply:
        def act(tenant: Tenant) -> str:
            tenant_life.resume(control, actor, tenant.id)
            return f"{tenant.name} works again."

        return _moved(frame, control, services, ref, act)

    @post("/{ref:str}/delete", sync_to_thread=True)
    def delete(
        self, frame: BoxFrame, control: Database, services: Services, actor: Actor, ref: Ref, data: Fields
    ) -> Reply:
        def act(tenant: Tenant) -> str:
            tenant_life.delete(control, actor, tenant.id, data.get("confirm", ""))
            return f"{tenant.name} is being deleted. You can undelete it for 37 days."

        return _moved(frame, control, services, ref, act, data)

    @post("/{ref:str}/undelete", sync_to_thread=True)
    def undelete(self, frame: BoxFrame, control: Database, services: Services, actor: Actor, ref: Ref) -> Reply:
        def act(tenant: Tenant) -> str:
            back = tenant_life.undelete(control, actor, tenant.id)
            return f"{tenant.name} is back, and {back.state}."

        return _moved(frame, control, services, ref, act)

    @post("/{ref:str}/purge", sync_to_thread=True)
    def purge(
        self, frame: BoxFrame, control: Database, services: Services, actor: Actor, ref: Ref, data: Fields
    ) -> Reply:
        tenant = tenants.by_slug(control, ref)
        typed = data.get("confirm", "")
        try:
            tenant_purge.purge(services.catalogue, control, services.vault, actor, tenant.id, typed)
        except Problem as problem:
            return tenant_page(frame, control, services, tenant, problem, data)
        return respond.redirect(f"{HERE}/purged", f"{tenant.slug} is gone for good.")


def _moved(
    frame: BoxFrame,
    control: Database,
    services: Services,
    ref: str,
    act: Callable[[Tenant], str],
    typed: dict[str, str] | None = None,
) -> Reply:
    """Back to the tenant with what happened, or its page again with why it did not."""
    tenant = tenants.by_slug(control, ref)
    try:
        said = act(tenant)
    except Problem as problem:
        return tenant_page(frame, control, services, tenant, problem, typed)
    return respond.redirect(f"{HERE}/{tenant.slug}", said)


def tenant_page(
    frame: BoxFrame,
    control: Database,
    services: Services,
    tenant: Tenant,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Reply:
    return respond.page(
        frame,
        "box/tenant.html",
        respond.form_status(problem) if problem else 200,
        tenant=tenant_usage.listed(services.catalogue, control, tenant),
        members=members.every(control, tenant.id),
        trail=audit.entries(control, tenant.id, 12).items,
        names={"system:system": "AgentHQ", "system:cli": "Command line"}
        | {member.actor.label: member.name for member in members.every(control, tenant.id)}
        | {f"member:{frame.person.id}": frame.person.name},
        form=typed or {},
        errors=respond.faults(problem) if problem else {},
    )


def _form(frame: BoxFrame, control: Database, typed: dict[str, str], problem: Problem | None = None) -> Reply:
    errors = respond.faults(problem) if problem else {}
    status = respond.form_status(problem) if problem else 200
    options = [(plan.slug, plan.name) for plan in plans.every(control)]
    return respond.page(frame, "box/tenant_new.html", status, form=typed, errors=errors, plans=options)


BOX_PAGES = [BoxTenantsPages]
BOX_API = [BoxTenantsApi]
