"""What the pages of agents show, and the agent's form."""

import difflib
from typing import Any, NamedTuple

import msgspec

from appliance.calls import offers
from appliance.db.database import Database
from appliance.domain import agents, board, budgets, org, revisions, routes, runs, tenants
from appliance.domain.agent_forms import DEFAULT_TOOLS, TOOLS, AgentChange
from appliance.domain.agents import Agent
from appliance.domain.analytics import usage
from appliance.domain.analytics.shapes import Line
from appliance.domain.org import Place
from appliance.domain.revisions import Revision
from appliance.domain.task_filter import Filter
from appliance.errors import Problem, invalid
from appliance.web import cards, policy_words, respond, task_files, timeline
from appliance.web.frame import Frame, hue
from appliance.web.respond import Reply
from appliance.web.services import Services

TEXTS = ("name", "title", "instructions", "model", "max_concurrency")
EMPTY = {"slug": "", "name": "", "title": "", "manager": "", "instructions": "", "model": ""}
EMPTY |= {"max_concurrency": "2", "budget_usd_month": ""}
TOOL_WORDS = {
    "workspace.read": "reads files of the task",
    "workspace.write": "writes files of the task",
    "workspace.list": "lists them",
    "workspace.search": "searches in them",
    "task.comment": "writes comments",
    "task.finish": "says that the work is done",
    "workspace.run": "runs programs on this machine; a person approves each",
    "http.get": "reads web pages of the hosts that are allowed in the settings",
    "task.create": "notes parts of its task as sub-tasks",
    "task.delegate": "hands parts of its task to agents it may hand work to",
    "task.wait": "waits for what it handed out",
    "task.look": "sees what became of it",
    "task.ask": "asks its manager or a person, and waits for the answer",
    "org.look": "sees whom it may hand work to and how busy they are",
}
TASKS = 20
RUNS = 15


class Member(NamedTuple):
    """An agent in the list of the team; `depth` is its distance from the top."""

    agent: Agent
    hue: int
    depth: int
    open_tasks: int
    spent: Line | None


class Change(NamedTuple):
    """A revision beside the one before: the fields that differ, and the instructions line by line."""

    revision: Revision
    fields: list[str]
    diff: list[tuple[str, str]]


def team(frame: Frame, db: Database) -> dict[str, Any]:
    spent, open_tasks = _spent(db), agents.open_work(db)
    members = [
        Member(agent, hue(agent.id), depth, open_tasks.get(agent.id, 0), spent.get(agent.id))
        for agent, depth in _flat(org.tree(db), 0)
    ]
    return {"members": members}


def one(frame: Frame, db: Database, agent: Agent, cursor: str) -> dict[str, Any]:
    everyone = {other.id: other for other in agents.all(db)}
    names = {id_: other.name for id_, other in everyone.items()}
    found = board.find(db, Filter(assignee=agent.slug), TASKS, cursor)
    tried = runs.of_agent(db, agent.id, RUNS)
    return {
        "agent": agent,
        "hue": hue(agent.id),
        "instructions": task_files.markdown(agent.instructions),
        "manager": everyone.get(agent.manager_id or ""),
        "reports": [other for other in everyone.values() if other.manager_id == agent.id],
        "tasks": [(task, cards.card(task, frame.base, names, may_move=False)) for task in found.items],
        "next_cursor": found.next_cursor,
        "runs": [(run, timeline.took_ms(run)) for run in tried],
        "spent": _spent(db).get(agent.id),
        "budget": next((b for b in budgets.of(db, "agent", agent.id) if b.span == "month"), None),
        "open_tasks": agents.open_work(db).get(agent.id, 0),
        "tool_words": TOOL_WORDS,
        **policy_words.context(db, agent, everyone),
    }


def history(frame: Frame, db: Database, agent: Agent) -> dict[str, Any]:
    kept = revisions.of_agent(db, agent.id)
    pairs = zip(kept, [*kept[1:], None], strict=True)
    return {"agent": agent, "changes": [_change(new, old) for new, old in pairs]}


def form(
    frame: Frame,
    db: Database,
    services: Services,
    agent: Agent | None,
    given: dict[str, str],
    problem: Problem | None = None,
) -> Reply:
    shown = (_as_given(db, agent) if agent else EMPTY) | given
    usable = offers.every(services.calls.accounts, db)
    models = [(route.name, f"{route.name} · route") for route in routes.every(db)]
    models += [(offer.id, f"{offer.id} · {offer.provider_name}") for offer in usable if offer.id not in dict(models)]
    if shown["model"] and shown["model"] not in dict(models):
        models.append((shown["model"], f"{shown['model']} · no account serves it"))
    chosen = _tools(given) if given else agent.tools if agent else list(DEFAULT_TOOLS)
    context = {"agent": agent, "given": shown, "models": models, "tools": TOOLS, "chosen": chosen}
    others = [(other.slug, other.name) for other in agents.all(db) if agent is None or other.id != agent.id]
    status = respond.form_status(problem) if problem else 200
    errors = respond.faults(problem) if problem else {}
    return respond.page(
        frame, "agents/form.html", status, **context, managers=others, errors=errors, tool_words=TOOL_WORDS
    )


def decoded(fields: dict[str, str]) -> dict[str, Any]:
    """The form of a new agent as the API's JSON; a tool's box is named `tool_<name>`."""
    plain = {k: v for k, v in fields.items() if not k.startswith("tool_")}
    slug = fields.get("slug", "").strip() or tenants.hyphenated(fields.get("name", ""))
    return plain | {"slug": slug, "tools": _tools(fields)}


def changed(fields: dict[str, str]) -> AgentChange:
    """An edit sends every field: an empty manager or budget takes it away."""
    nullable = {name: fields.get(name) or None for name in ("manager", "budget_usd_month")}
    plain = {name: fields.get(name, "") for name in TEXTS}
    try:
        return msgspec.convert({**plain, **nullable, "tools": _tools(fields)}, AgentChange, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(**respond.fault(str(error))) from error


def _tools(fields: dict[str, str]) -> list[str]:
    return [tool for tool in TOOLS if fields.get(f"tool_{tool}")]


def _as_given(db: Database, agent: Agent) -> dict[str, str]:
    plain = {name: str(getattr(agent, name)) for name in ("slug", *TEXTS)}
    manager = agents.get(db, agent.manager_id).slug if agent.manager_id else ""
    limit = agent.budget_nano_month
    amount = "" if limit is None else f"{limit / budgets.NANO:.9f}".rstrip("0").rstrip(".")
    return plain | {"manager": manager, "budget_usd_month": amount}


def _flat(places: list[Place], depth: int) -> list[tuple[Agent, int]]:
    return [pair for place in places for pair in [(place.agent, depth), *_flat(place.reports, depth + 1)]]


def _spent(db: Database) -> dict[str, Line]:
    """Agent id → its line of this month."""
    return {line.key: line for line in usage.breakdown(db, "agent", *usage.span("", ""))}


def _change(new: Revision, old: Revision | None) -> Change:
    before = old.data if old else {}
    fields = [name for name, value in new.data.items() if old and before.get(name) != value]
    was, now = str(before.get("instructions", "")), str(new.data.get("instructions", ""))
    return Change(new, fields, _diff(was, now) if old and was != now else [])


def _diff(was: str, now: str) -> list[tuple[str, str]]:
    """(tone, line): good for what came, bad for what went, "" around it."""
    tones = {"+": "good", "-": "bad"}
    found = difflib.unified_diff(was.splitlines(), now.splitlines(), lineterm="", n=2)
    return [(tones.get(line[:1], ""), line) for line in found if not line.startswith(("---", "+++", "@@"))]
