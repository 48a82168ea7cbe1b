"""What has to come before a task: its blockers, its sub-tasks, and whatever those wait for."""

from appliance.db.database import Database
from appliance.errors import invalid

ON_CANCEL = ("hold", "release", "cancel")
ON_PARENT_CLOSE = ("cancel", "keep")
_AHEAD = """
WITH RECURSIVE ahead (id) AS (
  SELECT CAST(:id AS TEXT)
  UNION SELECT w.first FROM (
    SELECT task_id AS id, blocker_id AS first FROM task_blockers
    UNION ALL SELECT parent_id AS id, id AS first FROM tasks WHERE parent_id IS NOT NULL
  ) w JOIN ahead ON w.id = ahead.id)
SELECT id FROM ahead
"""


def ahead_of(db: Database, task_id: str) -> set[str]:
    """The task and everything that must end before it can be done, directly or not."""
    return {row["id"] for row in db.rows(_AHEAD, {"id": task_id})}


def add_blockers(db: Database, task_id: str, parent_id: str | None, blockers: list[str]) -> None:
    """What a new task waits for. Raises Problem(invalid) for one that can't end before its parent's sub-tasks have."""
    for blocker in blockers:
        if parent_id and parent_id in ahead_of(db, blocker):
            raise invalid(blockers="a sub-task can't wait for its own parent: neither could ever be done")
        db.insert("task_blockers", {"task_id": task_id, "blocker_id": blocker, "on_cancel": "hold"})
