"""Saying something about the task: a note, or that it is complete."""

from typing import Any

from appliance.domain import comments
from appliance.engine.tools.tool import Bench, Tool, arguments

FINISH = "task.finish"


def _comment(bench: Bench, given: dict[str, Any]) -> str:
    comments.add(bench.db, bench.actor, bench.task.id, given["text"])
    return "comment added"


def _finish(bench: Bench, given: dict[str, Any]) -> str:
    return str(given["summary"])


TOOLS = (
    Tool(
        "task.comment",
        "tx",
        "Leave a note on the task for the people who follow it.",
        arguments(("text",), text={"type": "string", "minLength": 1}),
        _comment,
    ),
    Tool(
        FINISH,
        "tx",
        "Say that the task is complete. The acceptance checks are judged; when one fails you are told and go on.",
        arguments(("summary",), summary={"type": "string", "minLength": 1, "description": "The result, for people"}),
        _finish,
    ),
)
