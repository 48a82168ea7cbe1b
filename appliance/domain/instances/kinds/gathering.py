"""What the items of a map give, one by one and together."""

from typing import Any

import msgspec

from appliance.domain import records
from appliance.domain.instances import ending
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows.definition import MapStep, Step


def output(walk: Walk, item: Node, step: Step) -> Any:
    """What a finished item gives. Raises Problem(expression)."""
    does = step.does
    assert isinstance(does, MapStep)
    found = ending.given(walk, item.path) if does.output is None else walk.value_in(item.path, does.output)
    return {"ok": True, "output": found, "error": None} if does.join == "collect" else found


def failed_output(item: Node, step: Step) -> Any:
    """What a failed item gives to a list that collects."""
    does = step.does
    if not isinstance(does, MapStep) or does.join != "collect":
        return None
    return {"ok": False, "output": None, "error": {"code": item.failure_code, "detail": item.failure_detail}}


def size(walk: Walk, node: Node) -> int:
    """Of the outputs of the items that were stored before this look, and of those it has ended."""
    sql = "SELECT SUM(LENGTH(output)) AS n FROM nodes WHERE instance_id = :id AND scope = :scope AND state = 'done'"
    stored = walk.db.value(sql, {"id": node.instance_id, "scope": node.path}) or 0
    new = [walk.nodes[path] for path in walk.fresh | walk.changed if walk.nodes[path].scope == node.path]
    return int(stored) + sum(len(records.dump(item.output)) for item in new if item.state == "done")


def all_of(walk: Walk, node: Node) -> list[Any]:
    """The outputs in the order of the items; null for one that has none."""
    found = [None] * node.data["total"]
    sql = "SELECT item, output FROM nodes WHERE instance_id = :id AND scope = :scope AND finished_at IS NOT NULL"
    for row in walk.db.rows(sql, {"id": node.instance_id, "scope": node.path}):
        found[row["item"]] = msgspec.json.decode(row["output"])
    for item in walk.nodes.values():
        if item.scope == node.path and item.kind == "item" and item.item is not None:
            found[item.item] = item.output
    return found
