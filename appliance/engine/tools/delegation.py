"""Splitting a task and handing its parts to others, waiting for them, asking, and looking round the organisation."""

from typing import Any

import msgspec

from appliance.domain import agents, awaited, delegation, policies
from appliance.domain.agents import Agent
from appliance.domain.delegation import Handed, Item
from appliance.domain.policies import Colleague
from appliance.domain.runs import Run
from appliance.engine.tools.tool import Bench, Tool, arguments
from appliance.errors import Problem

ASK, WAIT = "task.ask", "task.wait"
SHOWN = 50


def _create(bench: Bench, given: dict[str, Any]) -> str:
    to = bench.actor.id if given.get("start") else None
    handed = _hand(bench, {name: value for name, value in given.items() if name != "start"} | {"to": to})
    return _answer(handed, "It is in the backlog." if to is None else "You work on it in a run of its own.")


def _delegate(bench: Bench, given: dict[str, Any]) -> str:
    handed = _hand(bench, given)
    return _answer(handed, "Call task.wait when you need the result; meanwhile go on.")


def _hand(bench: Bench, given: dict[str, Any]) -> Handed:
    return delegation.delegate(bench.db, bench.actor, _run(bench), msgspec.convert(given, Item, strict=False))


def _answer(handed: Handed, then: str) -> str:
    task = handed.task
    gone = ", ".join(f"#{number}" for number in handed.replaced)
    more = f" Cancelled from the old plan: {gone}." if gone else ""
    if not handed.new:
        said = f"That item is #{task.number} already, {task.state.replace('_', ' ')}, with {_who(task.assignee)}."
        return f"{said} Another key makes another sub-task.{more}"
    return f"Made #{task.number} {task.title}, with {_who(task.agent_slug)}. {then}{more}"


def _who(slug: str | None) -> str:
    return slug or "nobody yet"


def _look_at(bench: Bench, given: dict[str, Any]) -> str:
    found = awaited.of(bench.db, bench.task.id)
    if number := given.get("number"):
        child = next((child for child in found if child.number == number), None)
        return (
            awaited.sentence(child, awaited.TEXT_LIMIT) if child else f"error: #{number} is no sub-task of this task."
        )
    return awaited.words(bench.db, _run(bench), found)


def _look_round(bench: Bench, given: dict[str, Any]) -> str:
    me = agents.get(bench.db, bench.actor.id)
    team = {agent.id: agent for agent in agents.all(bench.db)}
    manager = team.get(me.manager_id or "")
    above = f"You are {me.name} ({me.slug}); you report to {manager.name} ({manager.slug})." if manager else ""
    open_tasks = agents.open_work(bench.db)
    allowed = policies.may_hand_to(bench.db, me.id)
    lines = [_line(one, team[one.id], open_tasks.get(one.id, 0), me) for one in allowed[:SHOWN]]
    more = [f"and {len(allowed) - SHOWN} more"] if len(allowed) > SHOWN else []
    head = "You may hand work to:" if lines else "You may hand work to nobody but yourself."
    return "\n".join([above or f"You are {me.name} ({me.slug}); you report to nobody.", head, *lines, *more])


def _line(one: Colleague, agent: Agent, open_tasks: int, me: Agent) -> str:
    place = ", reports to you" if agent.manager_id == me.id else ""
    title = f", {one.title}" if one.title else ""
    return f"- {one.slug}: {one.name}{title}{place}; {agent.status}, {open_tasks} open tasks"


def _run(bench: Bench) -> Run:
    if bench.run is None:
        raise Problem("conflict", "This works only within a run.")
    return bench.run


def _in_the_loop(bench: Bench, given: dict[str, Any]) -> str:
    """Waiting is the run's, not a function's: engine/delegating.py."""
    raise Problem("conflict", "This works only within a run.")


_TEXT = {"type": "string", "minLength": 1}
_KEY = {
    "type": "string",
    "maxLength": 60,
    "description": "A short name of this item; the same key is the same sub-task",
}
_TITLE = {"type": "string", "minLength": 1, "maxLength": 200, "description": "What is to be done, in one line"}
_BODY = {"type": "string", "description": "Everything the other needs to know; it does not see your conversation"}
_LABELS = {"type": "array", "items": _TEXT, "maxItems": 20}
_CHECK = {
    "type": "object",
    "properties": {"kind": {"enum": list(delegation.CHECKS)}, "spec": {"type": "object"}},
    "required": ["kind"],
    "additionalProperties": False,
}
_OPTIONS = {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 100}
TOOLS = (
    Tool(
        "task.create",
        "tx",
        "Note a part of this task, which is not done before it: for the backlog, or with start for yourself at once.",
        arguments(("title",), title=_TITLE, body=_BODY, key=_KEY, labels=_LABELS, start={"type": "boolean"}),
        _create,
    ),
    Tool(
        "task.delegate",
        "tx",
        "Hand a part of this task to another agent. Hand out all parts first, then call task.wait once.",
        arguments(
            ("title", "to"),
            to={"type": "string", "minLength": 1, "description": "The agent's short name, as org.look tells it"},
            title=_TITLE,
            body=_BODY,
            key=_KEY,
            why={"type": "string", "maxLength": 500, "description": "Why this agent, for people"},
            after={"type": "array", "items": _TEXT, "description": "Keys of items that must be done first"},
            checks={"type": "array", "items": _CHECK, "description": "What must hold before it is done"},
            labels=_LABELS,
            due_at={"type": "string", "description": "For example 2026-12-01T09:00:00Z"},
            budget_usd={"type": "number", "minimum": 0, "description": "What it may cost at most"},
            budget_share={"type": "number", "exclusiveMinimum": 0, "maximum": 100, "description": "Percent of yours"},
            plan={"type": "integer", "minimum": 1, "description": "Number of the plan; the next number replaces it"},
            cancel_unstarted={"type": "boolean", "description": "With a new plan: cancel what nobody has begun"},
        ),
        _delegate,
    ),
    Tool(
        WAIT,
        "tx",
        "Wait until the sub-tasks have ended; you get their results. One that fails or is cancelled is told at once.",
        arguments(()),
        _in_the_loop,
    ),
    Tool(
        "task.look",
        "tx",
        "See how the sub-tasks of this task stand and what came of them, or one of them by its number.",
        arguments((), number={"type": "integer", "minimum": 1}),
        _look_at,
    ),
    Tool(
        ASK,
        "tx",
        "Ask your manager, or a person, and wait for the answer: in words, as a choice or checklist, or for a plan.",
        arguments(
            ("question",),
            question={"type": "string", "minLength": 1, "maxLength": 300},
            detail={"type": "string", "description": "What they need to know to answer"},
            to={"enum": ["manager", "person"], "description": "Your manager when left out, else a person"},
            choices=_OPTIONS | {"description": "One of these is the answer"},
            checklist=_OPTIONS | {"description": "Any of these are the answer"},
            plan=_OPTIONS | {"description": "Steps of a plan to agree to"},
        ),
        _in_the_loop,
    ),
    Tool(
        "org.look",
        "tx",
        "See whom you report to, whom you may hand work to, and how busy each is.",
        arguments(()),
        _look_round,
    ),
)
