"""Agents that a workflow brings along: made with it when there is none of their slug, never changed."""

from collections import Counter

from appliance.db.database import Database
from appliance.domain import agents, providers
from appliance.domain.actor import Actor
from appliance.domain.agent_forms import DEFAULT_TOOLS, NewAgent
from appliance.domain.workflows.definition import Brought, Definition
from appliance.errors import Problem, invalid


def missing(db: Database, made: Definition) -> list[Brought]:
    """Those that are to be made, managers before their reports."""
    here = {agent.slug for agent in agents.all(db)} if made.agents else set()
    left = [agent for agent in made.agents if agent.slug not in here]
    order: list[Brought] = []
    while left:
        waiting = {agent.slug for agent in left}
        ready = [agent for agent in left if agent.manager not in waiting]
        if not ready:
            raise invalid(agents=f"{', '.join(sorted(waiting))} manage each other; take one manager away")
        order += ready
        left = [agent for agent in left if agent not in ready]
    return order


def make(db: Database, actor: Actor, wanted: list[Brought]) -> list[str]:
    """Their slugs. Raises Problem(invalid) with agents.<slug>, and for a tenant without any model."""
    for agent in wanted:
        new = NewAgent(
            agent.slug,
            agent.name,
            agent.instructions,
            agent.model or usual_model(db),
            agent.title,
            agent.manager,
            agent.tools or list(DEFAULT_TOOLS),
            budget_usd_month=agent.budget_usd_month,
        )
        try:
            agents.create(db, actor, new)
        except Problem as problem:
            if problem.code != "invalid":
                raise
            errors = {f"agents.{agent.slug}.{field}": fault for field, fault in problem.errors.items()}
            raise invalid(**errors) from problem
    return [agent.slug for agent in wanted]


def usual_model(db: Database) -> str:
    """The model that most of the tenant's agents use, else the first of its first account. Raises Problem(invalid)."""
    used = Counter(agent.model for agent in agents.all(db))
    if used:
        return used.most_common(1)[0][0]
    offered = [model for account in providers.all(db) for model in account.models]
    if not offered:
        raise invalid(agents="there is no model for the agents it brings; add a provider account, or name one")
    return offered[0]
