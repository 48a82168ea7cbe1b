"""Hooks of a task, and the address that programs outside post to."""

from typing import Any

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.params import FromPath

from appliance import listening
from appliance.db.database import Database
from appliance.domain import hooks, signals, tasks, throttle
from appliance.domain.actor import Actor
from appliance.domain.hooks import Delivered, FoundHook, IssuedHook, NewHook
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.web import door, hook_bodies
from appliance.web.access import Ask
from appliance.web.idempotency import Once
from appliance.web.respond import Reply
from appliance.web.services import Services

Ref = FromPath[str]
# How senders name a delivery that they repeat: the IETF draft, GitHub, Standard Webhooks.
IDEMS = ("idempotency-key", "x-github-delivery", "webhook-id")


class HooksApi(Controller):
    path = "/tasks/{ref:str}/hooks"
    tags = ["tasks"]

    @get("/", sync_to_thread=True, summary="The hooks of a task, newest first; their addresses are not kept")
    def listing(self, db: Database, control: Database, tenant: Tenant, ref: Ref) -> dict[str, Any]:
        return {"items": hooks.of_task(control, tenant.id, tasks.get(db, ref).id), "next_cursor": None}

    @post("/", sync_to_thread=True, summary="Make a secret address that sends a signal to the task's run")
    def create(
        self,
        db: Database,
        control: Database,
        services: Services,
        tenant: Tenant,
        actor: Actor,
        once: Once,
        ref: Ref,
        data: NewHook,
    ) -> Reply:
        """The address is in this answer only; repeated with the same Idempotency-Key it is empty."""
        task, link = tasks.get(db, ref), listening.own_link(services.settings, services.catalogue)
        return once.created(lambda: hooks.create(control, actor, tenant.id, task.id, data.name, link), _without_url)

    @delete("/{hook_id:str}", sync_to_thread=True, summary="Revoke a hook")
    def revoke(
        self, db: Database, control: Database, tenant: Tenant, actor: Actor, ref: Ref, hook_id: FromPath[str]
    ) -> None:
        hooks.revoke(control, actor, tenant.id, tasks.get(db, ref).id, hook_id)


@post(
    hooks.PATH + "{token:str}",
    status_code=200,
    # No session is looked at, so no other site can borrow one.
    opt={"cross_site": True},
    request_max_body_size=signals.PAYLOAD_BYTES,
    include_in_schema=False,
    sync_to_thread=True,
)
def deliver(request: Ask, control: Database, services: Services, token: FromPath[str], body: bytes) -> Reply:
    hook = _known(control, token, door.address_of(request))
    payload = hook_bodies.read(request.content_type[0], body)
    return _answer(_sent(services, hook, payload, _idem(request)))


def _known(control: Database, token: str, address: str) -> FoundHook:
    try:
        return hooks.find(control, token)
    except Problem:
        throttle.missed(control, address)
        raise


def _sent(services: Services, hook: FoundHook, payload: Any, idem: str) -> Delivered:
    with services.catalogue.open(hook.tenant_id) as db:
        return hooks.deliver(db, hook, payload, idem)


def _idem(request: Ask) -> str:
    return next((given for name in IDEMS if (given := request.headers.get(name))), "")


def _answer(done: Delivered) -> Reply:
    return Response(done, headers={"Cache-Control": "no-store"})


def _without_url(issued: IssuedHook) -> IssuedHook:
    return msgspec.structs.replace(issued, url="")


API = [HooksApi]
HANDLERS = [deliver]
