"""Agents: the team, one agent's page, its form with revisions, and the same over HTTP."""

from typing import Any

from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, FromQuery

from appliance.db.database import Database
from appliance.domain import agents, org, revisions
from appliance.domain.actor import Actor
from appliance.domain.agent_forms import AgentChange, NewAgent
from appliance.domain.agents import Agent
from appliance.domain.org import Place
from appliance.errors import Problem
from appliance.web import agent_page, money, org_chart, respond
from appliance.web.frame import Frame
from appliance.web.idempotency import Once
from appliance.web.login import Fields
from appliance.web.respond import Reply
from appliance.web.services import Services

Ref = FromPath[str]
ADMIN = {"role": "admin"}


class AgentsPages(Controller):
    path = "/agents"
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database) -> Reply:
        return respond.page(frame, "agents/index.html", **agent_page.team(frame, db))

    @get("/chart", sync_to_thread=True)
    def chart(self, frame: Frame, db: Database, closed: FromQuery[str] = "", zoom: FromQuery[int] = 100) -> Reply:
        return respond.page(frame, "agents/chart.html", **org_chart.page(frame, db, closed, zoom))

    @post("/move", sync_to_thread=True, opt=ADMIN)
    def move(self, frame: Frame, db: Database, actor: Actor, data: Fields) -> Reply:
        back = org_chart.address(frame, data.get("closed", ""), data.get("zoom", ""))
        try:
            moved = org.move(db, actor, data.get("agent", ""), data.get("manager") or None)
        except Problem as problem:
            return respond.redirect(back, problem.detail, "bad")
        return respond.redirect(back, f"{moved.name} moved, with everybody below.")

    @get("/new", sync_to_thread=True, opt=ADMIN)
    def new(self, frame: Frame, db: Database, services: Services) -> Reply:
        return agent_page.form(frame, db, services, None, {})

    @post("/", sync_to_thread=True, opt=ADMIN)
    def create(self, frame: Frame, db: Database, actor: Actor, services: Services, data: Fields) -> Reply:
        try:
            made = agents.create(db, actor, respond.form(NewAgent, agent_page.decoded(data)))
        except Problem as problem:
            return agent_page.form(frame, db, services, None, data, problem)
        return respond.redirect(f"{frame.base}/agents/{made.slug}", f"{made.name} is ready for work.")

    @get("/{ref:str}", sync_to_thread=True)
    def show(self, frame: Frame, db: Database, ref: Ref, cursor: FromQuery[str] = "") -> Reply:
        return respond.page(frame, "agents/show.html", **agent_page.one(frame, db, agents.get(db, ref), cursor))

    @get("/{ref:str}/edit", sync_to_thread=True, opt=ADMIN)
    def edit(self, frame: Frame, db: Database, services: Services, ref: Ref) -> Reply:
        return agent_page.form(frame, db, services, agents.get(db, ref), {})

    @post("/{ref:str}/edit", sync_to_thread=True, opt=ADMIN)
    def change(self, frame: Frame, db: Database, actor: Actor, services: Services, ref: Ref, data: Fields) -> Reply:
        try:
            changed = agents.change(db, actor, ref, agent_page.changed(data))
        except Problem as problem:
            return agent_page.form(frame, db, services, agents.get(db, ref), data, problem)
        return respond.redirect(f"{frame.base}/agents/{changed.slug}", f"Saved as revision {changed.revision}.")

    @get("/{ref:str}/revisions", sync_to_thread=True)
    def revisions(self, frame: Frame, db: Database, ref: Ref) -> Reply:
        return respond.page(frame, "agents/revisions.html", **agent_page.history(frame, db, agents.get(db, ref)))

    @post("/{ref:str}/pause", sync_to_thread=True)
    def pause(self, frame: Frame, db: Database, actor: Actor, ref: Ref) -> Reply:
        agent = agents.set_paused(db, actor, ref, True)
        said = f"{agent.name} is paused: what runs goes on, nothing new starts."
        return respond.redirect(f"{frame.base}/agents/{agent.slug}", said)

    @post("/{ref:str}/resume", sync_to_thread=True)
    def resume(self, frame: Frame, db: Database, actor: Actor, ref: Ref) -> Reply:
        agent = agents.set_paused(db, actor, ref, False)
        return respond.redirect(f"{frame.base}/agents/{agent.slug}", f"{agent.name} takes work again.")

    @post("/{ref:str}/delete", sync_to_thread=True, opt=ADMIN)
    def delete(self, frame: Frame, db: Database, actor: Actor, ref: Ref, data: Fields) -> Reply:
        try:
            agents.delete(db, actor, ref, data.get("reports") == "up")
        except Problem as problem:
            return respond.redirect(f"{frame.base}/agents/{ref}", problem.detail, "bad")
        return respond.redirect(f"{frame.base}/agents", "The agent was removed. Its work and costs stay.")


class AgentsApi(Controller):
    path = "/agents"
    tags = ["agents"]
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True, summary="Every agent with its computed status")
    def listing(self, db: Database) -> dict[str, Any]:
        return {"items": [shape(agent) for agent in agents.all(db)], "next_cursor": None}

    @post("/", sync_to_thread=True, opt=ADMIN, summary="Create an agent")
    def create(self, db: Database, actor: Actor, once: Once, data: NewAgent) -> Reply:
        return once.created(lambda: shape(agents.create(db, actor, data)))

    @get("/{ref:str}", sync_to_thread=True, summary="One agent, by id or slug")
    def one(self, db: Database, ref: Ref) -> dict[str, Any]:
        return shape(agents.get(db, ref))

    @patch("/{ref:str}", sync_to_thread=True, opt=ADMIN, summary="Change an agent: a new revision")
    def change(self, db: Database, actor: Actor, ref: Ref, data: AgentChange) -> dict[str, Any]:
        """Runs that have started keep the revision they started with."""
        return shape(agents.change(db, actor, ref, data))

    @delete("/{ref:str}", sync_to_thread=True, opt=ADMIN, summary="Remove an agent without open work")
    def remove(self, db: Database, actor: Actor, ref: Ref, reports: FromQuery[str] = "") -> None:
        """With `reports=up` those who report to it report to its own manager from then on."""
        agents.delete(db, actor, ref, reports == "up")

    @post("/{ref:str}/pause", status_code=200, sync_to_thread=True, summary="Start nothing new")
    def pause(self, db: Database, actor: Actor, ref: Ref) -> dict[str, Any]:
        return shape(agents.set_paused(db, actor, ref, True))

    @post("/{ref:str}/resume", status_code=200, sync_to_thread=True, summary="Take work again")
    def resume(self, db: Database, actor: Actor, ref: Ref) -> dict[str, Any]:
        return shape(agents.set_paused(db, actor, ref, False))

    @get("/{ref:str}/revisions", sync_to_thread=True, summary="What the agent was, newest first")
    def revisions(self, db: Database, ref: Ref) -> dict[str, Any]:
        return {"items": revisions.of_agent(db, agents.get(db, ref).id), "next_cursor": None}


@get("/org", sync_to_thread=True, tags=["agents"], summary="The tree of managers and reports")
def organisation(db: Database) -> dict[str, Any]:
    return {"items": [_place(place) for place in org.tree(db)]}


def shape(agent: Agent) -> dict[str, Any]:
    return {**money.with_usd(agent), "status": agent.status}


def _place(place: Place) -> dict[str, Any]:
    return {"agent": shape(place.agent), "reports": [_place(below) for below in place.reports]}


PAGES = [AgentsPages]
API = [AgentsApi, organisation]
