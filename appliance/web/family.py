"""A task's place among others: who handed it out and why, and the tree below it with its states and its cost."""

from typing import Any, NamedTuple

from appliance.db.database import Database
from appliance.domain import task_branches
from appliance.domain.task_branches import Branch
from appliance.domain.tasks import Task
from appliance.web.frame import hue

SHOWN = 80


class Handed(NamedTuple):
    """Who handed the task out, from which run and why."""

    by: str
    slug: str
    href: str
    why: str


class Leaf(NamedTuple):
    branch: Branch
    hue: int


def context(db: Database, task: Task, base: str) -> dict[str, Any]:
    """What `tasks/_family.html` and the details read."""
    found = task_branches.below(db, task.id, SHOWN)
    leaves = [Leaf(branch, hue(branch.agent_id or branch.id)) for branch in found.branches]
    return {"family": found, "leaves": leaves, "handed": _handed(db, task, base)}


def _handed(db: Database, task: Task, base: str) -> Handed | None:
    sql = "SELECT a.name, a.slug FROM runs r JOIN agents a ON a.id = r.agent_id WHERE r.id = :id"
    row = db.one(sql, {"id": task.handed_by}) if task.handed_by else None
    return Handed(row["name"], row["slug"], f"{base}/runs/{task.handed_by}", task.handed_why) if row else None
