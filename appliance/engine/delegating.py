"""The tools that make a run wait: for sub-tasks, and for an answer of the manager or of a person.

What is asked and what came of it are recorded steps, so a run that is taken up again asks nobody twice.
"""

from typing import Any

import msgspec

from appliance.domain import agents, answers, approvals, awaited, delegation, questions, tasks
from appliance.domain.approvals import Option
from appliance.domain.questions import Question
from appliance.domain.task_forms import NewTask
from appliance.engine import effects, tooling, waiting
from appliance.engine.effects import Act
from appliance.engine.journal import Journal
from appliance.engine.tools import Bench
from appliance.engine.tools.delegation import WAIT
from appliance.errors import Problem
from appliance.gateway.types import ToolCall

EXPIRES_S = 7 * 86_400
REMIND_S = 4 * 3600
SHAPES = {"choices": "choice", "checklist": "checklist", "plan": "plan"}


def outstanding(journal: Journal, place: str, judged: str) -> bool:
    """Whether the agent ends its turn while it does not know what became of what it handed out.

    A turn that was judged, under that name, had nothing to wait for.
    """
    waited = journal.begun(_waits(place))
    return waited or (not journal.noted(judged) and awaited.pending(journal.db, journal.run))


def results(journal: Journal, place: str) -> str:
    """What became of the sub-tasks. Raises Waits before; `place` names the turn."""
    return waiting.children(journal, _waits(place))


def wait(journal: Journal, call: ToolCall, place: str) -> None:
    """task.wait"""
    said = results(journal, place)
    tooling.answer(journal, WAIT, "tx", {}, call.id, lambda _: said)


def ask(journal: Journal, bench: Bench, call: ToolCall, given: dict[str, Any], place: str) -> None:
    """task.ask: the answer, as the tool's. Raises Waits before."""
    asked = f"question {place}", f"asked {place}"
    if journal.noted(call.name) and not any(map(journal.begun, asked)):
        # It could not be asked: that was the answer.
        tooling.answer(journal, call.name, "tx", given, call.id, lambda _: "")
        return
    manager = None if given.get("to") == "person" or journal.begun(asked[0]) else _manager(journal)
    try:
        if manager or journal.begun(asked[1]):
            said = _of_manager(journal, bench, given, place, manager)
        else:
            said = _of_person(journal, given, asked[0])
    except Problem as problem:
        if problem.code not in ("invalid", "conflict"):
            raise
        said = f"error: {problem.detail}"
    tooling.answer(journal, call.name, "tx", given, call.id, lambda _: said)


def _waits(place: str) -> str:
    return f"sub-tasks {place}"


def _manager(journal: Journal) -> str | None:
    found: str | None = agents.get(journal.db, journal.run.agent_id).manager_id
    return found


def _of_person(journal: Journal, given: dict[str, Any], name: str) -> str:
    shape = next((shape for field, shape in SHAPES.items() if given.get(field)), "text")
    options = [Option(text, text) for text in given.get("choices") or given.get("checklist") or []]
    shown: dict[str, Any] = {"title": given["question"], "detail": given.get("detail", ""), "shape": shape}
    shown |= {"options": options, "items": questions.clean_items(given["plan"]) if shape == "plan" else []}
    question = Question(**shown, expires_s=EXPIRES_S, remind_s=REMIND_S)
    found = waiting.approval(journal, name, questions.to_ask(question))
    return _words(answers.answer(approvals.get(journal.db, found.id)), found.decided_name)


def _words(answer: dict[str, Any], who: str) -> str:
    """The typed answer as JSON, with a sentence where there is none."""
    if answer.get("declined"):
        return f"{who} declined to answer. {answer.get('note', '')}".strip()
    if "expired" in answer or "withdrawn" in answer:
        return "Nobody answered in time. Go on with what you know, and say in the result what you assumed."
    return f"{who} answered: {msgspec.json.encode(answer).decode()}"


def _of_manager(journal: Journal, bench: Bench, given: dict[str, Any], place: str, manager: str | None) -> str:
    """A sub-task of the manager's, whose result is the answer."""

    def hand_up(_: str) -> str:
        return _hand_up(journal, bench, given, place, manager)

    act = Act("step", f"asked {place}", "tx", given, hand_up, _keep, _id)
    child = effects.perform(journal, act)
    waiting.children(journal, f"answer {place}", child)
    found = tasks.get(journal.db, child)
    if found.state == "done":
        return f"{found.agent_name or 'A person'} answered: {found.result[: awaited.RESULT_LIMIT]}"
    return f"There is no answer: #{found.number} is {found.state.replace('_', ' ')}. {found.blocked_detail}".strip()


def _hand_up(journal: Journal, bench: Bench, given: dict[str, Any], place: str, manager: str | None) -> str:
    title = f"Question from {bench.actor.name}: {given['question']}"[:200]
    key = delegation.plan_key(0, f"{journal.run.id} {place}")
    new = NewTask(title, _body(bench.task.number, given), manager, parent_id=journal.run.task_id, plan_key=key)
    return tasks.create(journal.db, bench.actor, new, journal.run, "It asks its manager.", asks_up=True).id


def _body(number: int, given: dict[str, Any]) -> str:
    parts = [given["question"], given.get("detail", ""), f"It is about task #{number}."]
    for field, how in (("choices", "one of"), ("checklist", "any of"), ("plan", "whether this plan is right:")):
        if lines := given.get(field):
            parts.append(f"Answer with {how}\n" + "\n".join(f"- {line}" for line in lines))
    parts.append("Finish with your answer as the result; it goes back as it is.")
    return "\n\n".join(part for part in parts if part)


def _keep(child: str) -> tuple[dict[str, Any], list[Any]]:
    return {"value": child}, []


def _id(step: Any) -> str:
    return str(step.result["value"])
