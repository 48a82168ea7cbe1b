"""What a schedule starts, from the options of a command line."""

from typing import Any

import msgspec

from appliance.cli.check_options import parse_check
from appliance.cli.command import decoded, read_text
from appliance.domain.schedules.forms import StartTask, StartWorkflow
from appliance.domain.task_forms import PRIORITIES
from appliance.errors import Problem

TASK = ("title", "body", "body_file", "assignee", "specs", "priority", "labels", "budget_usd", "time_limit_s")
OF_TARGET = (*TASK, "workflow", "inputs", "version")


def target(given: dict[str, Any]) -> dict[str, Any]:
    """{"task": …}, {"workflow": …}, or {} when nothing was said about either. Raises Problem(usage)."""
    task = {name: given[name] for name in TASK if given[name] not in (None, "", ())}
    if given["workflow"]:
        if task:
            raise Problem("usage", "Say either --workflow or what task it is, not both.")
        inputs = dict(_input(text) for text in given["inputs"])
        return {"workflow": StartWorkflow(given["workflow"], inputs, given["version"])}
    if not task:
        return {}
    if "title" not in task:
        raise Problem("usage", "Give the task a --title.")
    if path := task.pop("body_file", None):
        task["body"] = read_text(path)
    if "priority" in task:
        task["priority"] = PRIORITIES.index(task["priority"])
    checks = [parse_check(text) for text in task.pop("specs", ())]
    return {"task": decoded(StartTask, {**task, "checks": checks})}


def _input(text: str) -> tuple[str, Any]:
    """NAME=VALUE: a value that is JSON is that, any other is text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise Problem("usage", f"Write an input as NAME=VALUE, not {text}.")
    try:
        return name, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return name, value
