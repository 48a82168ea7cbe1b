"""What another agent's model answers, as a recorded step outside of the run's conversation."""

from typing import Any

import msgspec

from appliance import clock
from appliance.calls import Caller, Outcome
from appliance.domain.runs import FenceLost
from appliance.engine.work import Work
from appliance.gateway.types import ChatRequest

TEXT_LIMIT = 16_000


def consult(work: Work, request: ChatRequest, agent_id: str) -> str:
    """The recorded answer, or a new one. Its price is on this run's bill and in the budget of the agent asked.

    Raises ProviderFailure, Problem(budget_exceeded), Stopping, Cancelled and FenceLost, as a turn of the run does.
    """
    journal = work.journal
    work.check()
    key = journal.key("model")
    before = journal.visit(key, "model")
    if before and before.state == "done":
        return str(before.result["text"])
    earlier, spent = (before.attempts, before.cost_nano) if before else (0, 0)
    started = before.started_at if before else clock.iso()

    def keep(model: str, result: dict[str, Any], call_id: str, cost: int, attempts: int, state: str) -> None:
        journal.book(cost)
        values = {"result": result, "started_at": started, "call_id": call_id, "cost_nano": spent + cost}
        values |= {"attempts": earlier + attempts, "state": state}
        journal.save(journal.build(key, "model", model, "keyed", None, **values), [])

    answered: list[str] = []

    def settled(outcome: Outcome) -> None:
        answered.append(outcome.reply.content[:TEXT_LIMIT])
        result = {"text": answered[0], "preview": answered[0][:400], "stop": outcome.reply.stop_reason}
        keep(outcome.model, result, outcome.call_id, outcome.cost_nano, outcome.attempts, "done")

    def failed(call_id: str, cost_nano: int, attempts: int) -> None:
        keep(request.model, {}, call_id, cost_nano, attempts, "failed")

    caller = Caller(journal.run.id, key, journal.run.task_id, agent_id, earlier)
    asked = msgspec.structs.replace(request, attempt=earlier + 1)
    work.calls.make(
        journal.db, caller, asked, settled, failed, cancelled=journal.interrupted, blocking=journal.blocking
    )
    if journal.lost:
        raise FenceLost(journal.run.id)
    return answered[0]
