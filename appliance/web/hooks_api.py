"""Hooks over HTTP: those of a task, and all of a tenant with their deliveries."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance import clock, listening
from appliance.db.database import Database
from appliance.domain import hook_deliveries, hook_rates, hook_replays, hooks, tasks
from appliance.domain.actor import Actor
from appliance.domain.hook_deliveries import Answer, Arrived, Delivery
from appliance.domain.hook_forms import HookChange, NewHook, NewTaskHook
from appliance.domain.hook_secrets import NewSecret
from appliance.domain.hooks import Hook
from appliance.domain.tenants import Tenant
from appliance.web import respond
from appliance.web.idempotency import Once
from appliance.web.respond import Reply
from appliance.web.services import Services

Ref = FromPath[str]
Id = FromPath[str]
# The framework keeps the name `state` for itself.
State = Annotated[str, QueryParameter(name="state")]


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`confirm` says that a second effect is meant, when the first delivery had one."""

    confirm: bool = False


class Try(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A delivery that is not one: the decoded body, and headers."""

    body: Any = None
    headers: dict[str, str] = {}

    def arrived(self) -> Arrived:
        headers = {"content-type": "application/json"} | {name.lower(): v for name, v in self.headers.items()}
        return Arrived(headers, msgspec.json.encode(self.body), "", clock.monotonic())


class TaskHooksApi(Controller):
    path = "/tasks/{ref:str}/hooks"
    tags = ["tasks"]
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True, summary="The hooks of a task, newest first; their addresses are not kept")
    def listing(self, db: Database, control: Database, tenant: Tenant, ref: Ref) -> dict[str, Any]:
        found = hooks.of_task(control, tenant.id, tasks.get(db, ref).id)
        return {"items": [shown(hook) for hook in found], "next_cursor": None}

    @post("/", sync_to_thread=True, summary="Make a secret address that sends a signal to the task's run")
    def create(
        self,
        db: Database,
        control: Database,
        services: Services,
        actor: Actor,
        once: Once,
        ref: Ref,
        data: NewTaskHook,
    ) -> Reply:
        """The address is in this answer only; repeated with the same Idempotency-Key it is empty."""
        new, link = data.of(tasks.get(db, ref).id), link_of(services)
        return once.created(lambda: shown(hooks.create(control, db, services.vault, actor, new, link)), untold)

    @delete("/{hook_id:str}", sync_to_thread=True, summary="Revoke a hook")
    def revoke(self, db: Database, control: Database, tenant: Tenant, actor: Actor, ref: Ref, hook_id: Id) -> None:
        hooks.revoke(control, actor, tenant.id, hook_id, tasks.get(db, ref).id)


class HooksApi(Controller):
    path = "/hooks"
    tags = ["connect"]
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True, summary="Hooks, newest first; their addresses and secrets are not kept")
    def listing(
        self,
        control: Database,
        tenant: Tenant,
        in_state: State = "",
        cursor: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
    ) -> dict[str, Any]:
        found = hooks.listing(control, tenant.id, in_state, respond.limit(limit), cursor)
        return {"items": [shown(hook) for hook in found.items], "next_cursor": found.next_cursor}

    @post("/", sync_to_thread=True, summary="Make a secret address that starts work or sends signals")
    def create(
        self, db: Database, control: Database, services: Services, actor: Actor, once: Once, data: NewHook
    ) -> Reply:
        """Address and secret are in this answer only; repeated with the same Idempotency-Key they are empty."""
        link = link_of(services)
        return once.created(lambda: shown(hooks.create(control, db, services.vault, actor, data, link)), untold)

    @get("/{hook_id:str}", sync_to_thread=True, summary="One hook")
    def one(self, db: Database, control: Database, tenant: Tenant, hook_id: Id) -> dict[str, Any]:
        turned: dict[str, Any] = msgspec.to_builtins(hook_rates.of(db, hook_id))
        return shown(hooks.get(control, tenant.id, hook_id)) | turned

    @patch("/{hook_id:str}", sync_to_thread=True, summary="Change a hook")
    def change(self, db: Database, control: Database, actor: Actor, hook_id: Id, data: HookChange) -> dict[str, Any]:
        return shown(hooks.change(control, db, actor, hook_id, data))

    @delete("/{hook_id:str}", sync_to_thread=True, summary="Revoke a hook")
    def revoke(self, control: Database, tenant: Tenant, actor: Actor, hook_id: Id) -> None:
        hooks.revoke(control, actor, tenant.id, hook_id)

    @post("/{hook_id:str}/pause", status_code=200, sync_to_thread=True, summary="Answer and log, but do nothing")
    def pause(self, control: Database, tenant: Tenant, actor: Actor, hook_id: Id) -> dict[str, Any]:
        return shown(hooks.pause(control, actor, tenant.id, hook_id))

    @post("/{hook_id:str}/resume", status_code=200, sync_to_thread=True, summary="Carry deliveries out again")
    def resume(self, control: Database, tenant: Tenant, actor: Actor, hook_id: Id) -> dict[str, Any]:
        return shown(hooks.resume(control, actor, tenant.id, hook_id))

    @post("/{hook_id:str}/rotate", status_code=200, sync_to_thread=True, summary="Another address; the old one ends")
    def rotate(
        self, control: Database, tenant: Tenant, services: Services, actor: Actor, hook_id: Id
    ) -> dict[str, Any]:
        return shown(hooks.rotate(control, actor, tenant.id, hook_id, link_of(services)))

    @post("/{hook_id:str}/secret", status_code=200, sync_to_thread=True, summary="Another secret, or way of signing")
    def secret(
        self, control: Database, tenant: Tenant, services: Services, actor: Actor, hook_id: Id, data: NewSecret
    ) -> dict[str, Any]:
        """A secret that was made here is in this answer only. The old one counts for `keep_s` more seconds."""
        return shown(hooks.renew_secret(control, services.vault, actor, tenant.id, hook_id, data))

    @post("/{hook_id:str}/test", status_code=200, sync_to_thread=True, summary="What a body would do; nothing is kept")
    def test(self, db: Database, control: Database, tenant: Tenant, actor: Actor, hook_id: Id, data: Try) -> Answer:
        return hook_replays.try_out(db, actor, hooks.get(control, tenant.id, hook_id), data.arrived())


class DeliveriesApi(Controller):
    path = "/hooks/{hook_id:str}/deliveries"
    tags = ["connect"]
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True, summary="Deliveries of the last 30 days, newest first, without their bodies")
    def listing(
        self,
        db: Database,
        control: Database,
        tenant: Tenant,
        hook_id: Id,
        outcome: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
    ) -> dict[str, Any]:
        hook = hooks.get(control, tenant.id, hook_id)
        found = hook_deliveries.listing(db, hook.id, outcome, respond.limit(limit), cursor)
        return {"items": [line(one) for one in found.items], "next_cursor": found.next_cursor}

    @get("/{delivery_id:str}", sync_to_thread=True, summary="One delivery, with headers and body")
    def one(self, db: Database, control: Database, tenant: Tenant, hook_id: Id, delivery_id: Id) -> Delivery:
        return hook_deliveries.get(db, hooks.get(control, tenant.id, hook_id).id, delivery_id)

    @post("/{delivery_id:str}/replay", sync_to_thread=True, summary="Carry a delivery out again, as a new one")
    def replay(
        self,
        db: Database,
        control: Database,
        tenant: Tenant,
        actor: Actor,
        once: Once,
        hook_id: Id,
        delivery_id: Id,
        data: Replay,
    ) -> Reply:
        hook = hooks.get(control, tenant.id, hook_id)
        return once.created(lambda: hook_replays.replay(db, actor, hook, delivery_id, data.confirm))


def shown(hook: Hook) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(hook)
    return told | {"state": hook.state}


def untold(made: dict[str, Any]) -> dict[str, Any]:
    """What may be stored of a hook that was just made."""
    return made | {"url": "", "secret": ""}


def line(delivery: Delivery) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(delivery)
    return {name: value for name, value in told.items() if name not in ("headers", "body")}


def link_of(services: Services) -> str:
    return listening.own_link(services.settings, services.catalogue)


API = [TaskHooksApi, HooksApi, DeliveriesApi]
