"""An agent's rules of handing work on, as its page tells them."""

from typing import Any

from appliance.db.database import Database
from appliance.domain import policies
from appliance.domain.agents import Agent
from appliance.domain.policies import GROUPS


def context(db: Database, agent: Agent, everyone: dict[str, Agent]) -> dict[str, Any]:
    """What `agents/_policy.html` reads."""
    allowed = policies.may_hand_to(db, agent.id)
    names = {"reports": "everybody below it", "peers": "its peers", "anyone": "anyone"}
    others = sorted((one for one in everyone.values() if one.id != agent.id), key=lambda one: one.name.lower())
    targets = [(group, names[group].capitalize()) for group in GROUPS] + [(one.slug, one.name) for one in others]
    rules = [(edge, names.get(edge.target, edge.target_name)) for edge in policies.of(db, agent.id)]
    leads = "task.delegate" in agent.tools
    return {"allowed": allowed, "rules": rules, "targets": targets, "leads": leads}
