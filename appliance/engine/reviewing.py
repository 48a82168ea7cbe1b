"""A check that another agent judges: one question, a strict verdict, asked once more when there is none."""

from appliance.domain import agents
from appliance.domain.agents import Agent
from appliance.domain.checks import Check
from appliance.engine import consulting
from appliance.engine.tools import Bench
from appliance.engine.work import Work
from appliance.errors import Problem
from appliance.gateway import verdicts
from appliance.gateway.types import ChatRequest, Message
from appliance.gateway.verdicts import AGAIN, QUESTION, RESULT, RUBRIC, quoted

SHOWN = 40_000
TRIES = 2


def review(work: Work, bench: Bench, check: Check, result: str) -> str:
    """What is wrong, "" when the reviewer passes it.

    Raises Problem(conflict) when the reviewer can't be asked: the worker could do nothing about that.
    """
    reviewer = _reviewer(work, bench, check)
    system = f"Your name is {reviewer.name}.\n\n{reviewer.instructions}\n\n{QUESTION}"
    said = [Message("system", system), Message("user", _material(bench, check, result))]
    for _ in range(TRIES):
        request = ChatRequest(reviewer.model, tuple(said), seed=bench.task.number)
        answer = consulting.consult(work, request, reviewer.id)
        if verdict := verdicts.read(answer):
            return "" if verdict.passed else verdict.reason.strip()[:2000] or "the reviewer gave no reason"
        said += [Message("assistant", answer), Message("user", AGAIN)]
    return "the reviewer gave no verdict"


def _reviewer(work: Work, bench: Bench, check: Check) -> Agent:
    slug = check.spec["agent"]
    try:
        found = agents.get(bench.db, slug)
    except Problem:
        raise Problem("conflict", f"{slug}, who is to review the work, is not in the team. Waive the check.") from None
    if found.id == work.journal.run.agent_id:
        raise Problem("conflict", f"{slug} did the work and can't review it. Assign another agent, or waive the check.")
    if found.paused:
        raise Problem("conflict", f"{slug}, who is to review the work, is paused. Resume {slug}, or waive the check.")
    return found


def _material(bench: Bench, check: Check, result: str) -> str:
    parts = [f"{RUBRIC}\n{check.spec['rubric']}", f"Task:\n{quoted(bench.task.title)}"]
    if bench.task.body:
        parts.append(f"What was asked:\n{quoted(bench.task.body[:SHOWN])}")
    parts.append(f"{RESULT}\n{quoted(result[:SHOWN])}")
    left = SHOWN
    for file in bench.workspace.files():
        text = (bench.workspace.text(file.path) or "")[: max(0, left)].replace("\0", "\ufffd")
        left -= len(text)
        cut = " (its beginning)" if len(text) < file.size and len(text.encode()) < file.size else ""
        parts.append(f"File {file.path}, {file.size:,} bytes{cut}:\n{quoted(text)}")
    return "\n\n".join(parts)
