"""A step that an agent does: a task below the instance's."""

from typing import Any

from appliance import ids
from appliance.db.database import Row
from appliance.domain import agents, check_forms, task_forms
from appliance.domain.checks import NewCheck
from appliance.domain.handing_out import Order
from appliance.domain.instances import failing, paths
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows.definition import AgentStep, Step
from appliance.domain.workflows.expression_rules import text_of
from appliance.errors import invalid

TITLE_LIMIT = 200
# Whatever is JSON.
ANY = {"type": ["object", "array", "string", "number", "boolean", "null"]}
ENDED_BADLY = ("failed", "incomplete", "timed_out")


def begin(walk: Walk, node: Node, step: Step) -> None:
    if node.task_id:
        walk.again.append(node.task_id)
        walk.change(node, state="running", failure_code="", failure_detail="")
        return
    does = step.does
    assert isinstance(does, AgentStep)
    wanted: Row = {"title": step.title, "body": does.body, "agent": does.agent, "file": does.output_file}
    given = walk.value(node, wanted | {"labels": does.labels, "checks": [check.spec for check in does.checks]})
    file = text_of(given["file"])
    if file:
        walk.change(node, input={"file": file})
    agent = _agent(walk, text_of(given["agent"]))
    order(
        walk,
        node,
        agent["id"],
        text_of(given["title"]) or step.id,
        agent=agent,
        body=text_of(given["body"]),
        priority=does.priority,
        labels=task_forms.clean_labels([text_of(label) for label in given["labels"]]),
        checks=_checks(does, file, given["checks"]),
        budget_usd=does.budget_usd,
    )


def order(walk: Walk, node: Node, agent_id: str, title: str, **values: Any) -> None:
    """Have a task made for the step when the look ends."""
    task_id, scope = ids.new(), paths.place(node.path)
    body = str(values.get("body", ""))
    if len(body) > task_forms.BODY_LIMIT:
        raise invalid(body=f"at most {task_forms.BODY_LIMIT:,} characters; put longer material into a file")
    about = {"parent_id": walk.instance.task_id, "workspace_of": _folder(walk, scope, task_id)}
    title = " ".join(title.split())[:TITLE_LIMIT]
    walk.orders.append(Order(task_id, title, agent_id=agent_id, **(about | {"body": ""} | values)))
    walk.change(walk.nodes[node.path], state="running", task_id=task_id)


def land(walk: Walk, node: Node, step: Step, row: Row) -> None:
    if row["task_state"] == "done":
        kept = node.output if isinstance(node.output, dict) else {}
        if said := kept.get("fault"):
            return failing.end(walk, node, "too_large", said)
        given = {"text": row["result"], "data": None, "files": [], "task": row["number"]}
        walk.done(walk.change(node, failure_code="", failure_detail=""), given | kept)
    else:
        unended(walk, node, row)


def unended(walk: Walk, node: Node, row: Row) -> None:
    """The task was not done: its run failed, a person cancelled it, or there is nothing to do about it yet."""
    if row["task_state"] == "cancelled":
        failing.fail(walk, node, "cancelled", "Its task was cancelled.")
    elif row["task_state"] == "blocked" and row["run_state"] in ENDED_BADLY and not failing.pausing(node):
        failing.fail(walk, node, row["run_code"] or row["run_state"], row["run_detail"])


def _folder(walk: Walk, scope: str, task_id: str) -> str | None:
    """The steps share the files of the instance's task; those of an item of a map the files of its first."""
    item = next((one for one in reversed(paths.around(scope)) if one.endswith("]")), "")
    if not item:
        return walk.instance.task_id
    holder = walk.node(item)
    if first := holder.data.get("files"):
        return str(first)
    walk.change(holder, data=holder.data | {"files": task_id})
    return None


def _agent(walk: Walk, slug: str) -> Row:
    """Its id, revision and model; asked once for many items of a map."""
    if slug not in walk.agents:
        walk.agents[slug] = agents.find(walk.db, slug)
    return walk.agents[slug]


def _checks(does: AgentStep, file: str, specs: list[dict[str, Any]]) -> list[NewCheck]:
    found = [NewCheck(check.kind, spec) for check, spec in zip(does.checks, specs, strict=True)]
    if file:
        found.append(NewCheck("json_schema", {"file": file, "schema": does.output_schema or ANY}))
    for number, check in enumerate(found, 1):
        check_forms.validate(number, check)
    return found
