"""The list of runs; one run: its steps, and stopping it."""

from typing import Annotated, Any

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance.db.database import Database
from appliance.domain import agents, lifecycle, run_list, runs, signals, steps, tasks
from appliance.domain.actor import Actor
from appliance.domain.signals import NewSignal, Signal
from appliance.errors import Problem
from appliance.web import money, respond, timeline
from appliance.web.frame import Frame
from appliance.web.respond import Reply

# The framework keeps the name `state` for itself.
State = Annotated[str, QueryParameter(name="state")]


class RunsPages(Controller):
    path = "/runs/{run_id:str}"

    @get("/", sync_to_thread=True)
    def show(self, frame: Frame, db: Database, run_id: FromPath[str]) -> Reply:
        run = runs.get(db, run_id)
        task = tasks.get(db, run.task_id)
        lines = timeline.lines(run, steps.of_run(db, run.id))
        took = timeline.took_ms(run)
        return respond.page(frame, "runs/show.html", run=run, task=task, steps=lines, run_ms=took)

    @post("/cancel", sync_to_thread=True)
    def cancel(self, frame: Frame, db: Database, actor: Actor, run_id: FromPath[str]) -> Reply:
        try:
            run = lifecycle.cancel_run(db, actor, run_id)
        except Problem as problem:
            return respond.redirect(f"{frame.base}/runs/{run_id}", problem.detail, "bad")
        return respond.redirect(f"{frame.base}/runs/{run.id}", "The run stops; the task goes back to do.")


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

    @get("/", sync_to_thread=True, summary="One run")
    def one(self, db: Database, run_id: FromPath[str]) -> dict[str, Any]:
        return dict(money.with_usd(runs.get(db, run_id)))

    @get("/steps", sync_to_thread=True, summary="Its recorded steps, in the order they first ran")
    def steps(self, db: Database, run_id: FromPath[str]) -> dict[str, Any]:
        return dict(money.with_usd({"items": steps.of_run(db, runs.get(db, run_id).id), "next_cursor": None}))

    @post("/cancel", status_code=200, sync_to_thread=True, summary="End the run; its task goes back to do")
    def cancel(self, db: Database, actor: Actor, run_id: FromPath[str]) -> dict[str, Any]:
        return dict(money.with_usd(lifecycle.cancel_run(db, actor, run_id)))

    @post("/signals", sync_to_thread=True, summary="Tell the run something it waits for, or will wait for")
    def signal(self, db: Database, actor: Actor, run_id: FromPath[str], data: NewSignal) -> Signal:
        """The same `idem` again makes no second signal and answers the first."""
        return signals.send(db, actor, run_id, data.name, data.payload, data.idem)


PAGES = [RunsPages]
API = [RunsListApi, RunsApi]
