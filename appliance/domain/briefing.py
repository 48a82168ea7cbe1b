"""What a run needs to know as it begins, as one look: its task, its agent as of then, and what is attached to them."""

from typing import Any

import msgspec

from appliance.db.database import Database, Row
from appliance.domain import tasks
from appliance.domain.runs import Run
from appliance.domain.tasks import Task
from appliance.errors import not_found

# Most tasks have nothing attached: each of the questions that these spare costs as much as this look.
_LOOK = """
SELECT t.*, v.data AS revised, p.number AS parent_number, p.title AS parent_title,
  r.fence, r.state AS held_state, r.cancel_requested,
  (SELECT n.input FROM nodes n WHERE n.task_id = t.id LIMIT 1) AS step_input,
  EXISTS (SELECT 1 FROM checks c WHERE c.task_id = t.id) AS checked,
  EXISTS (SELECT 1 FROM comments m WHERE m.task_id = t.id) AS commented,
  EXISTS (SELECT 1 FROM tasks s WHERE s.parent_id = t.id) AS divided,
  EXISTS (SELECT 1 FROM wakes w WHERE w.agent_id = r.agent_id AND w.task_id = t.id AND w.state = 'queued') AS called
FROM runs r JOIN tasks t ON t.id = r.task_id LEFT JOIN tasks p ON p.id = t.parent_id
JOIN agent_revisions v ON v.agent_id = r.agent_id AND v.revision = r.agent_revision
WHERE r.id = :id
"""


class Briefing(msgspec.Struct, frozen=True):
    """`agent` holds the fields of the revision the run keeps, `parent` how the task above is called.

    `held` and `stopped` are what claims.held says. `step` is what the workflow gave the step that the task carries
    out, None for a task of no step. `checked`, `commented`, `divided` and `called`: whether there are any checks,
    comments and sub-tasks, and a wake that waits for the run to hear of it.
    """

    task: Task
    agent: dict[str, Any]
    parent: str
    held: bool
    stopped: bool
    step: dict[str, Any] | None
    checked: bool
    commented: bool
    divided: bool
    called: bool


def look(db: Database, run: Run) -> Row | None:
    """The row that a briefing is made of, for who has it in hand as the run begins."""
    return db.one(_LOOK, {"id": run.id})


def of(db: Database, run: Run, looked: Row | None = None) -> Briefing:
    """`looked` is what `look` found a moment ago. Raises Problem(not_found)."""
    row = looked or look(db, run)
    if row is None:
        raise not_found("run")
    given = row["step_input"]
    return Briefing(
        tasks.task(row),
        dict(msgspec.json.decode(row["revised"])),
        f"#{row['parent_number']} {row['parent_title']}" if row["parent_id"] else "",
        (row["fence"], row["held_state"]) == (run.fence, "running"),
        bool(row["cancel_requested"]),
        None if given is None else msgspec.json.decode(given) or {},
        **{name: bool(row[name]) for name in ("checked", "commented", "divided", "called")},
    )
