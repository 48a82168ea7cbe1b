"""Whom an agent may hand work to: its rules on its page; the API is in policies_api.py."""

from typing import Any

from litestar import Controller, post

from appliance.db.database import Database
from appliance.domain import agents, policies
from appliance.domain.actor import Actor
from appliance.domain.agent_forms import LEADING_TOOLS, AgentChange
from appliance.domain.policies import NewEdge
from appliance.errors import Problem
from appliance.web import respond
from appliance.web.frame import Frame
from appliance.web.login import Fields
from appliance.web.policies_api import ADMIN, PoliciesApi, Ref
from appliance.web.respond import Reply


class PoliciesPages(Controller):
    path = "/agents/{ref:str}"

    @post("/policy", sync_to_thread=True, opt=ADMIN)
    def put(self, frame: Frame, db: Database, actor: Actor, ref: Ref, data: Fields) -> Reply:
        new = NewEdge(data.get("target", ""), data.get("verdict", ""))
        return _done(frame, ref, lambda: policies.put(db, actor, ref, new), "Saved.")

    @post("/policy/remove", sync_to_thread=True, opt=ADMIN)
    def remove(self, frame: Frame, db: Database, actor: Actor, ref: Ref, data: Fields) -> Reply:
        return _done(frame, ref, lambda: policies.remove(db, actor, ref, data.get("target", "")), "The rule is gone.")

    @post("/lead", sync_to_thread=True, opt=ADMIN)
    def lead(self, frame: Frame, db: Database, actor: Actor, ref: Ref) -> Reply:
        agent = agents.get(db, ref)
        tools = [*agent.tools, *(tool for tool in LEADING_TOOLS if tool not in agent.tools)]
        said = f"{agent.name} may hand out work from its next run on."
        return _done(frame, ref, lambda: agents.change(db, actor, ref, AgentChange(tools=tools)), said)


def _done(frame: Frame, ref: str, act: Any, said: str) -> Reply:
    here = f"{frame.base}/agents/{ref}#policy"
    try:
        act()
    except Problem as problem:
        return respond.redirect(here, problem.detail, "bad")
    return respond.redirect(here, said)


PAGES = [PoliciesPages]
API = [PoliciesApi]
