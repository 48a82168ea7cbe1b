"""A tool's answer to the model as a recorded step."""

from collections.abc import Callable
from typing import Any

from appliance.domain.approvals import Approval, Ask
from appliance.domain.steps import Message, Step
from appliance.engine import effects, tools
from appliance.engine.effects import Act
from appliance.engine.journal import Journal
from appliance.engine.tools import Bench, Tool
from appliance.gateway.types import ToolCall

EXPIRES_S = 7 * 86_400
REMIND_S = 4 * 3600


def use(journal: Journal, bench: Bench, tool: Tool, call: ToolCall, given: dict[str, Any]) -> str:
    """The recorded answer of the tool, or its answer now; first a person's agreement where the tool needs one."""
    asked = _question(tool, bench, given) if tools.asks(bench.db, tool) else None
    return answer(journal, tool.name, tool.effect, given, call.id, lambda _: tools.use(tool, bench, given), asked)


def refuse(journal: Journal, call: ToolCall, given: dict[str, Any], fault: str) -> str:
    """What the model is told of a call that can't be made."""
    return answer(journal, call.name, "idempotent", given, call.id, lambda _: f"error: {fault}")


def answer(
    journal: Journal, name: str, effect: str, given: Any, call_id: str, do: Callable[[str], str], ask: Ask | None = None
) -> str:
    """Text for the model, recorded with the message that carries it."""

    def keep(text: str) -> tuple[dict[str, Any], list[Message]]:
        return {"ok": not text.startswith("error:"), "preview": text[:400]}, [Message("tool", text, [], call_id)]

    def recall(step: Step) -> str:
        return step.result["answer"] if step.state == "confirmed" else journal.said(step).content

    return effects.perform(journal, Act("tool", name, effect, given, do, keep, recall, ask=ask, declined=_declined))


def _question(tool: Tool, bench: Bench, given: dict[str, Any]) -> Ask:
    payload = {"tool": tool.name, "arguments": given, "target": f"task #{bench.task.number}"}
    title = f"{bench.actor.name} wants to use {tool.name} on #{bench.task.number} {bench.task.title}"
    return Ask("action", title[:300], tool.description, payload, expires_s=EXPIRES_S, remind_s=REMIND_S)


def _declined(approval: Approval) -> str:
    said = f" They said: {approval.note}" if approval.note else ""
    words = {
        "changes_requested": f"error: a person asks you to do it differently.{said}",
        "expired": "error: nobody agreed to this in time, so it was not done.",
    }
    return words.get(approval.state, f"error: a person declined this, so it was not done.{said}")
