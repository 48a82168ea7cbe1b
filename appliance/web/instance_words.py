"""Instances in words: what tells one from others, who began it and why."""

from typing import Any

from appliance.db.database import Database
from appliance.domain import members
from appliance.domain.actor import SYSTEM
from appliance.domain.instances import rows
from appliance.domain.instances.rows import Instance

SHORT = 60
CAUSES = {
    "started": "Started by a person or a program",
    "schedule": "A schedule",
    "webhook": "A webhook",
    "step": "A step of another instance",
    "again": "Again from a step",
}


def told(db: Database, found: Instance) -> str:
    """What tells it from other instances of its workflow: its first short input, required ones before others."""
    schema = rows.outline(db, found.workflow_id, found.version).definition.inputs
    names = [*schema.get("required", ()), *schema.get("properties", {})]
    given = [found.input[name] for name in names if name in found.input]
    return next((str(value) for value in given if _is_short(value)), "")


def _is_short(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and 0 < len(str(value)) <= SHORT


def cause(found: Instance) -> str:
    return CAUSES.get(found.cause, found.cause.replace("_", " ").capitalize())


def by(control: Database, tenant_id: str, label: str) -> str:
    if label == SYSTEM.label:
        return SYSTEM.name
    people = {member.actor.label: member.name for member in members.every(control, tenant_id)}
    kinds = {
        "key": "an API key",
        "system": "AgentHQ",
        "agent": "an agent",
        "hook": "a webhook",
        "schedule": "a schedule",
    }
    return people.get(label) or kinds.get(label.partition(":")[0], "a former member")
