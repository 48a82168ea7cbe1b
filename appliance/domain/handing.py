"""Limits on what agents hand down: how deep a tree of tasks may grow, and how wide. People are not held by them."""

from appliance.db.database import Database
from appliance.domain import preferences
from appliance.domain.actor import Actor
from appliance.errors import Problem

# Preferences with their defaults: levels below the first task, and sub-tasks of one task.
DEPTH = ("task_depth", 6)
CHILDREN = ("task_children", 50)
_ABOVE = """
WITH RECURSIVE up (id, parent_id, height) AS (
  SELECT id, parent_id, 1 FROM tasks WHERE id = :id
  UNION SELECT t.id, t.parent_id, up.height + 1 FROM tasks t JOIN up ON t.id = up.parent_id WHERE up.height < 1000)
SELECT MAX(height) AS n FROM up
"""


def check(db: Database, actor: Actor, parent_id: str) -> None:
    """Raises Problem(conflict) when an agent would split a task further than allowed. In the transaction that does."""
    if actor.kind != "agent":
        return
    deepest, most = (int(preferences.get(db, *named)) for named in (DEPTH, CHILDREN))
    if int(db.value(_ABOVE, {"id": parent_id})) > deepest:
        raise Problem(
            "conflict", f"Work is handed down at most {deepest} levels, and this task is at the last. Do it here."
        )
    if int(db.value("SELECT COUNT(*) AS n FROM tasks WHERE parent_id = :id", {"id": parent_id})) >= most:
        raise Problem("conflict", f"Agents split a task into at most {most}, and this one has as many. Go on here.")
