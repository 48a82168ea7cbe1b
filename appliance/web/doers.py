"""Who did something, as pages show it."""

import msgspec

from appliance.domain.actor import SYSTEM
from appliance.domain.agents import Agent
from appliance.domain.event_lists import Told
from appliance.domain.members import Member
from appliance.web.frame import hue

STRANGERS = {"member": "A former member", "key": "An API key", "agent": "A removed agent", "hook": "A hook"}
STRANGERS |= {"schedule": "A schedule", "system": SYSTEM.name}


class Doer(msgspec.Struct, frozen=True):
    name: str
    hue: int
    kind: str = "member"


def of(event: Told, doers: dict[str, Doer]) -> Doer:
    """What the engine notes about a run was done by the run's agent."""
    if event.actor == SYSTEM.label and event.agent_id:
        return doers.get(f"agent:{event.agent_id}") or stranger(f"agent:{event.agent_id}")
    return doers.get(event.actor) or stranger(event.actor)


def stranger(label: str) -> Doer:
    """Somebody who is gone, or no person at all."""
    kind = label.partition(":")[0]
    return Doer(STRANGERS.get(kind, kind), hue(label), kind)


def known(members: list[Member], team: list[Agent]) -> dict[str, Doer]:
    found = {f"member:{person.id}": Doer(person.name, hue(person.id)) for person in members}
    return found | {f"agent:{agent.id}": Doer(agent.name, hue(agent.id), "agent") for agent in team}
