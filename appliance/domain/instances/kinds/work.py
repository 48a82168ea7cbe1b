"""Steps that the box does itself: a request, and a program. Their tasks belong to its own hidden agent."""

from urllib.parse import urlsplit

import msgspec

from appliance.db.database import Row
from appliance.domain.instances import hands
from appliance.domain.instances.kinds import agent
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows.definition import CommandStep, HttpStep, Step
from appliance.domain.workflows.expression_rules import text_of
from appliance.errors import invalid


def begin_http(walk: Walk, node: Node, step: Step) -> None:
    does = step.does
    assert isinstance(does, HttpStep)
    given = walk.value(node, msgspec.to_builtins(does))
    given["url"], given["method"] = text_of(given["url"]), text_of(given["method"]).upper()
    given["headers"] = {name: text_of(value) for name, value in given["headers"].items()}
    parts = urlsplit(given["url"])
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise invalid(url="give an http or https URL, without a name and a password in it")
    _begin(walk, node, step, given, f"{given['method']} {parts.hostname}{parts.path}")


def begin_command(walk: Walk, node: Node, step: Step) -> None:
    does = step.does
    assert isinstance(does, CommandStep)
    given = walk.value(node, msgspec.to_builtins(does))
    given["command"] = text_of(given["command"])
    _begin(walk, node, step, given, given["command"])


def land(walk: Walk, node: Node, step: Step, row: Row) -> None:
    if row["task_state"] == "done":
        walk.done(node, node.output)
    else:
        agent.unended(walk, node, row)


def _begin(walk: Walk, node: Node, step: Step, given: Row, called: str) -> None:
    if node.task_id:
        walk.again.append(node.task_id)
        walk.change(node, state="running", failure_code="", failure_detail="")
        return
    title = text_of(walk.value(node, step.title))
    agent.order(walk, walk.change(node, input=given), hands.agent_id(walk.db), title or called)
