"""A model's answer as a recorded step whose price commits with its record."""

from collections.abc import Callable
from typing import Any

import msgspec

from appliance import clock
from appliance.calls import Caller, Calls, Outcome
from appliance.domain.runs import FenceLost
from appliance.domain.steps import Message
from appliance.engine.journal import Journal
from appliance.gateway.types import ChatRequest, Reply


def ask(journal: Journal, calls: Calls, request: ChatRequest, agent_id: str, then: Callable[[Reply], None]) -> Message:
    """The recorded answer of the model, or a new one.

    `then(reply)` runs in the transaction that records it, unless another worker has the run. Raises ProviderFailure,
    Problem(budget_exceeded), Cancelled and FenceLost.
    """
    key = journal.key("model")
    before = journal.visit(key, "model")
    if before and before.state == "done":
        return journal.said(before)
    earlier = before.attempts if before else 0
    started = before.started_at if before else clock.iso()
    spent = before.cost_nano if before else 0

    def keep(model: str, result: dict[str, Any], messages: list[Message], call_id: str, cost: int, **more: Any) -> None:
        journal.book(cost)
        values = {"result": result, "started_at": started, "call_id": call_id, "cost_nano": spent + cost} | more
        journal.save(journal.build(key, "model", model, "keyed", None, **values), messages)

    def settled(outcome: Outcome) -> None:
        reply = outcome.reply
        made = [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in reply.tool_calls]
        said = [Message("assistant", reply.content, made)]
        tries = earlier + outcome.attempts
        keep(outcome.model, _summary(outcome), said, outcome.call_id, outcome.cost_nano, attempts=tries)
        if not journal.lost:
            then(reply)

    def failed(call_id: str, cost_nano: int, attempts: int) -> None:
        keep(request.model, {}, [], call_id, cost_nano, attempts=earlier + attempts, state="failed")

    caller = Caller(journal.run.id, key, journal.run.task_id, agent_id, earlier)
    request = msgspec.structs.replace(request, attempt=earlier + 1)
    calls.make(journal.db, caller, request, settled, failed, cancelled=journal.interrupted, blocking=journal.blocking)
    if journal.lost:
        raise FenceLost(journal.run.id)
    return journal.conversation[-1]


def _summary(outcome: Outcome) -> dict[str, Any]:
    """What the page shows of a model step; the text itself is in the conversation."""
    reply, usage = outcome.reply, outcome.reply.usage
    counted = {} if usage is None else {"in": usage.input_total, "cached": usage.cache_read, "out": usage.output_total}
    preview = reply.content[:400]
    return {"stop": reply.stop_reason, "preview": preview, "tools": [c.name for c in reply.tool_calls], **counted}
