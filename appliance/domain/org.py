"""The organisation: who reports to whom."""

import msgspec

from appliance.db.database import Database
from appliance.domain import agents
from appliance.domain.actor import Actor
from appliance.domain.agent_forms import AgentChange
from appliance.domain.agents import Agent


class Place(msgspec.Struct, frozen=True):
    """An agent in the organisation, with those who report to it."""

    agent: Agent
    reports: list["Place"]


def tree(db: Database) -> list[Place]:
    """The tree of managers and reports, from the top."""
    below: dict[str | None, list[Agent]] = {}
    for agent in agents.all(db):
        below.setdefault(agent.manager_id, []).append(agent)

    def places(manager: str | None) -> list[Place]:
        return [Place(agent, places(agent.id)) for agent in below.get(manager, [])]

    return places(None)


def move(db: Database, actor: Actor, ref: str, manager: str | None) -> Agent:
    """Let an agent report to `manager` (None: to nobody); everybody below it comes along.

    Raises Problem(invalid) for a manager below the agent, also when two such moves meet.
    """
    return agents.change(db, actor, ref, AgentChange(manager=manager))
