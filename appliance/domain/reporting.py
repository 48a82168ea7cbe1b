"""Who stands above and below whom. The rows only: agents.py and org.py change them."""

from appliance.db.database import Database
from appliance.errors import invalid

# Levels from the top down to an agent; a deeper tree is a mistake, and every walk up it costs a step each.
LEVELS = 20
_ABOVE = """
WITH RECURSIVE up (id, manager_id, height) AS (
  SELECT id, manager_id, 0 FROM agents WHERE id = :id AND deleted_at IS NULL
  UNION SELECT a.id, a.manager_id, up.height + 1 FROM agents a JOIN up ON a.id = up.manager_id
    WHERE a.deleted_at IS NULL AND up.height < 100)
SELECT id FROM up WHERE height > 0 ORDER BY height
"""
_BELOW = """
WITH RECURSIVE below (id, depth) AS (
  SELECT id, 0 FROM agents WHERE id = :id AND deleted_at IS NULL
  UNION SELECT a.id, below.depth + 1 FROM agents a JOIN below ON a.manager_id = below.id
    WHERE a.deleted_at IS NULL AND below.depth < 100)
SELECT id, depth FROM below WHERE depth > 0 ORDER BY depth, id
"""


def above(db: Database, agent_id: str) -> list[str]:
    """Its manager, that one's manager and so on to the top."""
    return [row["id"] for row in db.rows(_ABOVE, {"id": agent_id})]


def below(db: Database, agent_id: str) -> dict[str, int]:
    """Everybody who reports to it, directly (1) or further down."""
    return {row["id"]: int(row["depth"]) for row in db.rows(_BELOW, {"id": agent_id})}


def check(db: Database, agent_id: str | None, manager_id: str | None) -> None:
    """Raises Problem(invalid) when the tree would not be one any more, or too deep.

    In the transaction that writes the manager: two moves at once are judged one after the other. `agent_id` is None for
    an agent that does not exist yet.
    """
    if manager_id is None:
        return
    line = [manager_id, *above(db, manager_id)]
    if agent_id in line:
        raise invalid(manager="an agent can't report to itself or to somebody below it")
    deepest = max(below(db, agent_id).values(), default=0) if agent_id else 0
    if len(line) + 1 + deepest > LEVELS:
        raise invalid(manager=f"the tree would be more than {LEVELS} levels deep")
