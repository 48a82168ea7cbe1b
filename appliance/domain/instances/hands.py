"""The box's own agent, which carries out the steps that need no model. People do not see it."""

from appliance.db.database import Database
from appliance.domain import agents
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent

SLUG = "agenthq"
RUNTIME = "step"
AT_ONCE = 20


def agent_id(db: Database) -> str:
    """Made when the first such step starts. In a transaction."""
    if row := db.one("SELECT id FROM agents WHERE hidden AND deleted_at IS NULL"):
        return str(row["id"])
    taken = db.one("SELECT id FROM agents WHERE slug = :slug AND deleted_at IS NULL", {"slug": SLUG})
    new = NewAgent(
        f"{SLUG}-steps" if taken else SLUG,
        "AgentHQ",
        "Carries out the steps of workflows that need no model.",
        "none",
        tools=[],
        max_concurrency=AT_ONCE,
    )
    made = agents.create(db, SYSTEM, new, own=True)
    db.update("agents", {"id": made.id}, hidden=True, runtime=RUNTIME)
    return made.id
