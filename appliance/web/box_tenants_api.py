"""Tenants over the API of the box: for its owners, and for programs with a key of the box."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance.db.database import Database
from appliance.domain import records, tenant_life, tenant_purge, tenant_usage, tenants
from appliance.domain.actor import Actor
from appliance.domain.tenant_life import Confirmed, NewTenant, Reason
from appliance.domain.tenant_purge import Evidence
from appliance.domain.tenant_usage import Listed
from appliance.domain.tenants import Tenant
from appliance.web import money, respond
from appliance.web.respond import Reply
from appliance.web.services import Services

Ref = FromPath[str]
# The framework keeps the name `state` for itself.
State = Annotated[str, QueryParameter(name="state")]


class BoxTenantsApi(Controller):
    path = "/tenants"

    @get("/", sync_to_thread=True, summary="The tenants of the box and what they use, by slug")
    def listing(
        self,
        services: Services,
        control: Database,
        in_state: State = "",
        find: FromQuery[str] = "",
        limit: FromQuery[int] = records.LIMIT,
        cursor: FromQuery[str] = "",
    ) -> dict[str, Any]:
        page = tenant_usage.page(services.catalogue, control, in_state, find, respond.limit(limit), cursor)
        return {"items": [_shown(one) for one in page.items], "next_cursor": page.next_cursor}

    @post("/", sync_to_thread=True, summary="Make a tenant with an empty database of its own")
    def create(self, services: Services, control: Database, actor: Actor, data: NewTenant) -> Reply:
        return respond.created(tenant_life.found(services.catalogue, control, services.vault, actor, data))

    @get("/purged", sync_to_thread=True, summary="What was purged, newest first")
    def purged(
        self, control: Database, limit: FromQuery[int] = records.LIMIT, cursor: FromQuery[str] = ""
    ) -> records.Page[Evidence]:
        return tenant_purge.evidence(control, respond.limit(limit), cursor)

    @get("/{ref:str}", sync_to_thread=True, summary="A tenant and what it uses")
    def one(self, services: Services, control: Database, ref: Ref) -> Any:
        return _shown(tenant_usage.listed(services.catalogue, control, tenants.by_slug(control, ref)))

    @get("/{ref:str}/usage", sync_to_thread=True, summary="What a tenant uses: this month's work, people, storage")
    def usage(self, services: Services, control: Database, ref: Ref) -> Any:
        found = tenants.by_slug(control, ref)
        return money.with_usd(tenant_usage.of(services.catalogue, control, found.id))

    @post("/{ref:str}/suspend", status_code=200, sync_to_thread=True, summary="Refuse its requests and hold its runs")
    def suspend(self, control: Database, actor: Actor, ref: Ref, data: Reason) -> Tenant:
        return tenant_life.suspend(control, actor, tenants.by_slug(control, ref).id, data.reason)

    @post("/{ref:str}/resume", status_code=200, sync_to_thread=True, summary="Let a suspended tenant work again")
    def resume(self, control: Database, actor: Actor, ref: Ref) -> Tenant:
        return tenant_life.resume(control, actor, tenants.by_slug(control, ref).id)

    @post("/{ref:str}/delete", status_code=200, sync_to_thread=True, summary="Begin its grace of 30 days")
    def delete(self, control: Database, actor: Actor, ref: Ref, data: Confirmed) -> Tenant:
        """`confirm` is the slug."""
        return tenant_life.delete(control, actor, tenants.by_slug(control, ref).id, data.confirm)

    @post("/{ref:str}/undelete", status_code=200, sync_to_thread=True, summary="Bring a deleted tenant back")
    def undelete(self, control: Database, actor: Actor, ref: Ref) -> Tenant:
        return tenant_life.undelete(control, actor, tenants.by_slug(control, ref).id)

    @post("/{ref:str}/purge", status_code=200, sync_to_thread=True, summary="Destroy a deleted tenant now")
    def purge(self, services: Services, control: Database, actor: Actor, ref: Ref, data: Confirmed) -> Evidence:
        """`confirm` is the slug. Its key, database and files are gone; the answer is the evidence."""
        found = tenants.by_slug(control, ref)
        return tenant_purge.purge(services.catalogue, control, services.vault, actor, found.id, data.confirm)


def _shown(found: Listed) -> Any:
    return money.with_usd(msgspec.to_builtins(found) | {"shown_state": found.shown_state})
