"""A step that is another workflow: an instance of its own below this one."""

import msgspec

from appliance.db.database import Row
from appliance.domain.actor import SYSTEM
from appliance.domain.instances import failing, making
from appliance.domain.instances.making import Made
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows.definition import Step, WorkflowStep
from appliance.domain.workflows.expression_rules import text_of

DEEPEST = 8


def begin(walk: Walk, node: Node, step: Step) -> None:
    does = step.does
    assert isinstance(does, WorkflowStep)
    if making.depth(walk.db, walk.instance.id) >= DEEPEST:
        return failing.fail(walk, node, "too_deep", f"Workflows start each other at most {DEEPEST} levels deep.")
    found = making.find(walk.db, text_of(walk.value(node, does.workflow)), does.version)
    inputs = making.inputs(found.outline.definition, walk.value(node, does.inputs))
    about = Made("step", walk.instance.created_by, parent_id=walk.instance.id, parent_path=node.path)
    child = making.make(walk.db, found, inputs, about, title=step.title and text_of(walk.value(node, step.title)))
    making.tell(walk.db, SYSTEM, child)
    walk.change(node, state="running", child_id=child.id, failure_code="", failure_detail="")


def land(walk: Walk, node: Node, step: Step, row: Row) -> None:
    match row["child_state"]:
        case "succeeded":
            walk.done(node, msgspec.json.decode(row["child_output"]))
        case "failed":
            failing.fail(walk, node, row["child_code"], row["child_detail"])
        case "cancelled":
            failing.fail(walk, node, "cancelled", "The workflow it started was cancelled.")
