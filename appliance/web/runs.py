"""The list of runs; one run: its steps, stopping it, and running it again from one of them. The API: runs_api.py."""

from pathlib import Path

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain import agents, forks, lifecycle, run_list, runs, step_values, tasks
from appliance.domain.actor import Actor
from appliance.errors import Problem
from appliance.web import respond, run_page, step_page
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.runs_api import RunsApi, RunsListApi, State
from appliance.web.services import Services

Id = FromPath[str]


class RunsListPages(Controller):
    path = "/runs"

    @get("/", sync_to_thread=True)
    def index(
        self,
        frame: Frame,
        db: Database,
        in_state: State = "",
        agent: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Reply:
        team = agents.all(db)
        agent_id = next((one.id for one in team if agent in (one.slug, one.id)), agent)
        page = run_list.listing(db, in_state, agent_id, cursor)
        chosen = {"state": in_state, "agent": agent, "cursor": cursor}
        names = [(one.slug, one.name) for one in team]
        return respond.page(frame, "runs/index.html", page=page, chosen=chosen, agents=names, states=run_list.STATES)


class RunsPages(Controller):
    path = "/runs/{run_id:str}"
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True)
    def show(self, frame: Frame, db: Database, control: Database, run_id: Id) -> Reply:
        return respond.page(frame, "runs/show.html", **run_page.context(frame, db, control, runs.get(db, run_id)))

    @get("/steps/{key:path}", sync_to_thread=True)
    def step(self, frame: Frame, db: Database, services: Services, run_id: Id, key: FromPath[Path]) -> Reply:
        run = runs.get(db, run_id)
        step = step_values.get(db, run.id, key.as_posix().lstrip("/"))
        whole = step_values.whole(db, services.catalogue.files(frame.tenant.id), step)
        task = tasks.get(db, run.task_id)
        return respond.page(frame, "runs/step.html", run=run, task=task, step=step, parts=step_page.parts(whole))

    @post("/cancel", sync_to_thread=True)
    def cancel(self, frame: Frame, db: Database, actor: Actor, run_id: Id) -> Reply:
        try:
            run = lifecycle.cancel_run(db, actor, run_id)
        except Problem as problem:
            return respond.redirect(f"{frame.base}/runs/{runs.get(db, run_id).id}", problem.detail, "bad")
        return respond.redirect(f"{frame.base}/runs/{run.id}", "The run stops; the task goes back to do.")

    @post("/fork", sync_to_thread=True)
    def fork(self, frame: Frame, db: Database, actor: Actor, run_id: Id, data: Fields) -> Reply:
        try:
            run = forks.fork(db, actor, run_id, data.get("from", ""))
        except Problem as problem:
            return respond.redirect(f"{frame.base}/runs/{runs.get(db, run_id).id}", problem.detail, "bad")
        return respond.redirect(f"{frame.base}/runs/{run.id}", "Queued. What came before is taken over.")


PAGES = [RunsListPages, RunsPages]
API = [RunsListApi, RunsApi]
