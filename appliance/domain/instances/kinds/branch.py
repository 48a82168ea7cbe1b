"""A step that takes one of two branches."""

from appliance.db.database import Row
from appliance.domain.instances import ending, paths
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows import expressions
from appliance.domain.workflows.definition import Step, WhenStep


def begin(walk: Walk, node: Node, step: Step) -> None:
    does = step.does
    assert isinstance(does, WhenStep)
    if node.attempt > 1:
        walk.forget_below(node.path)
    names = walk.names(paths.place(node.path), does.condition)
    taken = "then" if expressions.holds(does.condition, names) else "otherwise"
    told = {"failure_code": "", "failure_detail": ""}
    walk.change(node, state="running", data={"taken": taken}, **told)
    walk.begun(paths.path(node.path, taken))


def land(walk: Walk, node: Node, step: Step, row: Row) -> None:
    walk.look(paths.path(node.path, node.data["taken"]))


def done(walk: Walk, node: Node) -> None:
    """The branch has ended well."""
    taken = node.data["taken"]
    scope = paths.path(node.path, taken)
    last = ending.given(walk, scope) if walk.outline.block(scope).steps else None
    walk.done(node, {"taken": taken, "last": last})
