"""Steps that the box does itself: a request, and a program. Their tasks belong to its own hidden agent."""

import shlex
from urllib.parse import urlsplit

import msgspec

from appliance.db.database import Row
from appliance.domain.instances import hands
from appliance.domain.instances.kinds import agent
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows import command_lines
from appliance.domain.workflows.definition import CommandStep, HttpStep, Step
from appliance.domain.workflows.expression_rules import text_of
from appliance.errors import invalid


def begin_http(walk: Walk, node: Node, step: Step) -> None:
    does = step.does
    assert isinstance(does, HttpStep)
    given = walk.value(node, msgspec.to_builtins(does))
    given["url"], given["method"] = text_of(given["url"]), text_of(given["method"]).upper()
    given["headers"] = {name: text_of(value) for name, value in given["headers"].items()}
    if bad := next((name for name, value in given["headers"].items() if _control(value)), ""):
        raise invalid(headers=f"the value of {bad} has a line break or another control character in it")
    _begin(walk, node, step, given, f"{given['method']} {_shown(given['url'])}")


def begin_command(walk: Walk, node: Node, step: Step) -> None:
    does = step.does
    assert isinstance(does, CommandStep)
    try:
        words = command_lines.words(does.command, lambda text: text_of(walk.value(node, text)))
    except ValueError as error:
        raise invalid(command=f"the command can't be read: {error}") from None
    given = {"command": shlex.join(words), "effect": does.effect}
    _begin(walk, node, step, given, given["command"])


def land(walk: Walk, node: Node, step: Step, row: Row) -> None:
    if row["task_state"] == "done":
        walk.done(walk.change(node, failure_code="", failure_detail=""), node.output)
    else:
        agent.unended(walk, node, row)


def _begin(walk: Walk, node: Node, step: Step, given: Row, called: str) -> None:
    if node.task_id:
        walk.again.append(node.task_id)
        walk.change(node, state="running", failure_code="", failure_detail="")
        return
    title = text_of(walk.value(node, step.title))
    agent.order(walk, walk.change(node, input=given), hands.agent_id(walk.db), title or called)


def _shown(url: str) -> str:
    """Host and path. Raises Problem(invalid) for what is no address."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        good = False
    if not good or _control(url) or " " in url:
        raise invalid(url="give an http or https URL, without a name and a password in it")
    return f"{parts.hostname}{parts.path}"


def _control(text: str) -> bool:
    return any((char < " " and char != "\t") or char == "\x7f" for char in text)
