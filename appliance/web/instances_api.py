"""Instances of workflows over HTTP; they are started in workflows_api.py."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.instances import nodes, rows, signals, verbs
from appliance.domain.tenants import Tenant
from appliance.web import instance_shape, respond, waiting
from appliance.web.access import Ask
from appliance.web.idempotency import Once
from appliance.web.respond import Reply
from appliance.web.services import Services

Ref = FromPath[str]
Seconds = Annotated[int, QueryParameter(ge=0, le=waiting.MOST_SECONDS)]
# The framework keeps the names `state` and `scope` for itself.
State = Annotated[str, QueryParameter(name="state")]
Scope = Annotated[str | None, QueryParameter(name="scope")]
Items = dict[str, Any]


class NewSignal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same `idem` again makes no second signal."""

    name: str
    payload: Any = None
    idem: str = ""


class Again(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`step` is the path of the first step to do anew; without `version` the one the instance has."""

    step: str
    version: int | None = None


class InstancesApi(Controller):
    path = "/instances"
    tags = ["workflows"]
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True, summary="Instances, newest first")
    def listing(
        self,
        db: Database,
        workflow: FromQuery[str] = "",
        in_state: State = "",
        cursor: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
    ) -> Items:
        return instance_shape.page(db, rows.listing(db, workflow, in_state, respond.limit(limit), cursor))

    @get("/{ref:str}", summary="One instance, by id or number; with `wait`, once it has ended or after so many seconds")
    async def one(self, request: Ask, db: Database, ref: Ref, wait: Seconds = 0) -> Items:
        return instance_shape.whole(db, await waiting.until_over(request, ref, wait))

    @get("/{ref:str}/nodes", sync_to_thread=True, summary="Its steps that have started, in that order")
    def nodes(
        self,
        db: Database,
        ref: Ref,
        in_scope: Scope = None,
        cursor: FromQuery[int] = 0,
        limit: FromQuery[int] = 50,
    ) -> Items:
        """`scope` is a block: empty for the workflow's own steps, `each[17]` an item's, `big/then` a branch's."""
        most = respond.limit(limit)
        found = nodes.of(db, rows.get(db, ref).id, in_scope, most + 1, cursor)
        more = str(found[most - 1].ord) if len(found) > most else None
        return {"items": instance_shape.steps(db, found[:most]), "next_cursor": more}

    @get("/{ref:str}/signals", sync_to_thread=True, summary="The signals it was sent, in that order")
    def signals(self, db: Database, ref: Ref) -> Items:
        return {"items": signals.of(db, rows.get(db, ref).id), "next_cursor": None}

    @post("/{ref:str}/pause", status_code=200, sync_to_thread=True, summary="Let what runs end, and start nothing new")
    def pause(self, db: Database, actor: Actor, ref: Ref) -> Items:
        return instance_shape.whole(db, verbs.pause(db, actor, ref))

    @post("/{ref:str}/resume", status_code=200, sync_to_thread=True, summary="Go on after a pause")
    def resume(self, db: Database, actor: Actor, ref: Ref) -> Items:
        return instance_shape.whole(db, verbs.resume(db, actor, ref))

    @post("/{ref:str}/cancel", status_code=200, sync_to_thread=True, summary="End it and everything it has open")
    def cancel(self, db: Database, actor: Actor, ref: Ref) -> Items:
        """Nothing is compensated: a person decided."""
        return instance_shape.whole(db, verbs.cancel(db, actor, ref))

    @post("/{ref:str}/signal", status_code=200, sync_to_thread=True, summary="Tell it something a step waits for")
    def signal(self, db: Database, actor: Actor, ref: Ref, data: NewSignal) -> Items:
        """Kept also before a step waits for it."""
        verbs.signal(db, actor, ref, data.name, data.payload, data.idem)
        return instance_shape.whole(db, rows.get(db, ref))

    @post("/{ref:str}/again", sync_to_thread=True, summary="A new instance that does everything from a step on anew")
    def again(
        self, db: Database, services: Services, tenant: Tenant, actor: Actor, once: Once, ref: Ref, data: Again
    ) -> Reply:
        """What came before is taken over and costs nothing again."""
        files = services.catalogue.files(tenant.id)

        def make() -> Items:
            return instance_shape.whole(db, verbs.again(db, actor, files, ref, data.step, data.version))

        return once.created(make)
