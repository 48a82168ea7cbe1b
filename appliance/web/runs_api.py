"""Runs over HTTP."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance.db.database import Database
from appliance.domain import agents, forks, lifecycle, run_list, runs, signals, steps
from appliance.domain.actor import Actor
from appliance.domain.signals import NewSignal, Signal
from appliance.web import money, respond

# The framework keeps the name `state` for itself.
State = Annotated[str, QueryParameter(name="state")]
Id = FromPath[str]


class Fork(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`from` is the key of the first step to do anew; without it the run goes on after its last recorded step."""

    from_key: str = msgspec.field(default="", name="from")


class RunsListApi(Controller):
    path = "/runs"
    tags = ["runs"]

    @get("/", sync_to_thread=True, summary="Runs, newest first")
    def listing(
        self,
        db: Database,
        in_state: State = "",
        agent: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
    ) -> dict[str, Any]:
        agent_id = agents.get(db, agent).id if agent else ""
        found = run_list.listing(db, in_state, agent_id, cursor, respond.limit(limit))
        return dict(money.with_usd(found))


class RunsApi(Controller):
    path = "/runs/{run_id:str}"
    tags = ["runs"]
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True, summary="One run")
    def one(self, db: Database, run_id: Id) -> dict[str, Any]:
        return dict(money.with_usd(runs.get(db, run_id)))

    @get("/steps", sync_to_thread=True, summary="Its recorded steps, in the order they first ran")
    def steps(self, db: Database, run_id: Id) -> dict[str, Any]:
        return dict(money.with_usd({"items": steps.of_run(db, runs.get(db, run_id).id), "next_cursor": None}))

    @post("/cancel", status_code=200, sync_to_thread=True, summary="End the run; its task goes back to do")
    def cancel(self, db: Database, actor: Actor, run_id: Id) -> dict[str, Any]:
        return dict(money.with_usd(lifecycle.cancel_run(db, actor, run_id)))

    @post("/signals", sync_to_thread=True, summary="Tell the run something it waits for, or will wait for")
    def signal(self, db: Database, actor: Actor, run_id: Id, data: NewSignal) -> Signal:
        """The same `idem` again makes no second signal and answers the first."""
        return signals.send(db, actor, run_id, data.name, data.payload, data.idem)

    @post("/fork", sync_to_thread=True, summary="Run again from a step; the steps before it are taken over")
    def fork(self, db: Database, actor: Actor, run_id: Id, data: Fork) -> dict[str, Any]:
        return dict(money.with_usd(forks.fork(db, actor, run_id, data.from_key)))
