"""What a tool is, where it works, and how a model's call of it is read and answered."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from appliance.db.database import Database
from appliance.domain import preferences, schema
from appliance.domain.actor import Actor
from appliance.domain.runs import Run
from appliance.domain.tasks import Task
from appliance.domain.workspace import Workspace
from appliance.errors import Problem
from appliance.gateway.client import Gateway

Effect = Literal["tx", "idempotent", "keyed", "checkable", "once"]
APPROVAL = "tool_approval"


def _never() -> bool:
    return False


class Bench(msgspec.Struct, frozen=True):
    """Where a tool works: the open database, the task, the agent as actor, its files, the way to the web, the run.

    A tool that takes long calls `step_aside()` before it waits, and asks `cancelled()` at least every 0.25 s: true
    means that the run is over or another worker's, and that nothing may go on.
    """

    db: Database
    task: Task
    actor: Actor
    workspace: Workspace
    gateway: Gateway
    cancelled: Callable[[], bool] = _never
    blocking: Callable[[], None] | None = None
    run: Run | None = None

    def step_aside(self) -> None:
        """Let other work have a worker meanwhile."""
        if self.blocking:
            self.blocking()


class Tool(msgspec.Struct, frozen=True):
    """`effect` is its class (engine/effects.py); `needs_approval` is the policy until the tenant sets another."""

    name: str
    effect: Effect
    description: str
    parameters: dict[str, Any]
    run: Callable[[Bench, dict[str, Any]], str]
    needs_approval: bool = False


class BadArguments(Exception):
    """The model's arguments do not fit the tool's schema; the text tells it how."""


def parse(tool: Tool, raw: str) -> dict[str, Any]:
    """Raises BadArguments with a sentence for the model."""
    try:
        given = msgspec.json.decode(raw or "{}")
    except msgspec.DecodeError as error:
        raise BadArguments(f"The arguments of {tool.name} are not valid JSON: {error}.") from error
    except RecursionError:
        raise BadArguments(f"The arguments of {tool.name} are nested too deep.") from None
    if wrong := schema.fault(given, tool.parameters):
        raise BadArguments(f"The arguments of {tool.name} are not valid: {wrong}.")
    return dict(given)


def use(tool: Tool, bench: Bench, arguments: dict[str, Any]) -> str:
    """The tool's answer to the model; a refusal is an answer too, so the model can do better."""
    try:
        return tool.run(bench, arguments)
    except Problem as problem:
        if problem.code in ("disk_full", "unavailable", "maintenance"):
            # The box's trouble, not the model's: the run waits until it is over.
            raise
        return f"error: {problem.detail}"


def asks(db: Database, tool: Tool) -> bool:
    """Whether a person approves each use: the tenant's preference `tool_approval` {name: bool}, else the tool's own."""
    return bool(preferences.get(db, APPROVAL, {}).get(tool.name, tool.needs_approval))


def arguments(required: tuple[str, ...], **properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of the arguments a tool takes: nothing beyond what is named."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
