"""What each kind of step does when it starts, and what it makes of what it waited for."""

from collections.abc import Callable
from typing import NamedTuple

from appliance.db.database import Row
from appliance.domain.instances.kinds import agent, approval, branch, child, each, wait, work
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows.definition import Step


class Kind(NamedTuple):
    """`begin` may raise Problem, which is the failure of the step. `land` gets the row that `LANDED` read."""

    begin: Callable[[Walk, Node, Step], None]
    land: Callable[[Walk, Node, Step, Row], None]


KINDS = {
    "agent": Kind(agent.begin, agent.land),
    "approval": Kind(approval.begin, approval.land),
    "wait": Kind(wait.begin, wait.land),
    "http": Kind(work.begin_http, work.land),
    "command": Kind(work.begin_command, work.land),
    "map": Kind(each.begin, each.land),
    "when": Kind(branch.begin, branch.land),
    "workflow": Kind(child.begin, child.land),
}
# The nodes of instances that have landed, each with the end of what it waited for.
LANDED = """
SELECT n.*, t.state AS task_state, t.number, t.result, r.state AS run_state, r.failure_code AS run_code,
  r.failure_detail AS run_detail, p.state AS asked_state, p.given, p.note, p.decided_name,
  c.state AS child_state, c.output AS child_output, c.failure_code AS child_code, c.failure_detail AS child_detail
FROM nodes n LEFT JOIN tasks t ON t.id = n.task_id LEFT JOIN runs r ON r.id = t.run_id
LEFT JOIN approvals p ON p.id = n.approval_id LEFT JOIN instances c ON c.id = n.child_id
WHERE n.instance_id IN ({names}) AND n.landed ORDER BY n.ord
"""
