"""What a budget can be set on, and which of these a call counts on: all at once."""

from typing import NamedTuple

from appliance.db.database import Database

SCOPES = ("tenant", "provider", "model", "key", "agent", "project", "task", "run", "session")
# The task itself and everything above it; a project without a name is the nearest one above.
_UP = """
WITH RECURSIVE up (id, parent_id, project, height) AS (
  SELECT id, parent_id, project, 0 FROM tasks WHERE id = :id
  UNION SELECT t.id, t.parent_id, t.project, up.height + 1 FROM tasks t JOIN up ON t.id = up.parent_id)
SELECT id, project FROM up ORDER BY height"""


class Scope(NamedTuple):
    """`id` is "" for the tenant and a name for a project, a model and a session."""

    kind: str
    id: str


def of(
    db: Database,
    *,
    provider_id: str | None = None,
    agent_id: str | None = None,
    task_id: str | None = None,
    run_id: str | None = None,
    model: str = "",
    key_id: str | None = None,
    session_id: str = "",
    project: str = "",
) -> tuple[Scope, ...]:
    """Every scope that work for these counts on: the tenant always, a task with all tasks above it.

    A task's own project goes before the `project` named.
    """
    line = db.rows(_UP, {"id": task_id}) if task_id else []
    project = next((row["project"] for row in line if row["project"]), project)
    above = [row["id"] for row in line] or ([task_id] if task_id else [])
    named = [("provider", provider_id), ("model", model), ("key", key_id), ("agent", agent_id), ("project", project)]
    named += [("run", run_id), ("session", session_id)]
    named += [("task", id_) for id_ in above]
    return (Scope("tenant", ""), *(Scope(kind, id_) for kind, id_ in named if id_))


def projects(db: Database) -> list[str]:
    """The names of all projects that tasks belong to."""
    sql = "SELECT DISTINCT project FROM tasks WHERE project <> '' ORDER BY project LIMIT 200"
    return [row["project"] for row in db.rows(sql)]
