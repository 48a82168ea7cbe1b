"""Tasks as the API tells them."""

from typing import Any

import msgspec

from appliance.domain.records import Page
from appliance.domain.task_tree import Tree
from appliance.domain.tasks import Task
from appliance.web import money


def task(found: Task) -> dict[str, Any]:
    """The fields of the task, its assignee as a create takes it, and its newest run."""
    plain = msgspec.to_builtins(found)
    run = {"id": found.run_id, "state": found.run_state, "cost_nano": found.run_cost_nano} if found.run_id else None
    kept = {name: value for name, value in plain.items() if not name.startswith("run_")}
    made: dict[str, Any] = money.with_usd(kept | {"assignee": found.assignee, "run": run})
    return made


def page(found: Page[Task]) -> dict[str, Any]:
    return {"items": [task(one) for one in found.items], "next_cursor": found.next_cursor}


def tree(found: Tree) -> dict[str, Any]:
    below = [tree(child) for child in found.children]
    return {"task": task(found.task), "children": below, **money.with_usd({"cost_nano": found.cost_nano})}
