"""A tenant with limits of its own, for the tests of plans."""

from typing import Any

from appliance.domain import agents, tenant_plans
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.tenant_plans import TermsChange
from tests.world import World


def limit(world: World, plan: str = "", **own: int | None) -> None:
    """Acme's plan, and limits instead of the plan's."""
    with world.control() as control:
        tenant_plans.change(control, SYSTEM, world.acme.id, TermsChange(plan, own))


def switch(world: World, **own: bool | None) -> None:
    with world.control() as control:
        tenant_plans.change(control, SYSTEM, world.acme.id, TermsChange(own_flags=own))


def hire(world: World, *slugs: str) -> None:
    for slug in slugs:
        with world.db() as db:
            agents.create(db, world.alice.actor, NewAgent(slug, slug.title(), "Work.", "simulated"))


def level(world: World) -> dict[str, Any]:
    """What was last measured of Acme's storage."""
    with world.control() as control:
        sql = "SELECT stored_bytes, files_bytes, storage_level FROM tenants WHERE id = :id"
        found = control.one(sql, {"id": world.acme.id})
    assert found
    return found
