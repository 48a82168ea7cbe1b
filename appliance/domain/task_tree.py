"""A task with everything below it."""

import msgspec

from appliance.db.database import Database
from appliance.domain import tasks
from appliance.domain.tasks import Task


class Tree(msgspec.Struct, frozen=True):
    """A task with everything below it; `cost_nano` is the cost of all of that."""

    task: Task
    children: list["Tree"]
    cost_nano: int


def of(db: Database, ref: str) -> Tree:
    """The task and all its descendants."""
    root = tasks.get(db, ref)
    return _branch(db, root)


def _branch(db: Database, root: Task) -> Tree:
    below = [_branch(db, child) for child in tasks.children(db, root.id)]
    return Tree(root, below, root.cost_nano + sum(branch.cost_nano for branch in below))
