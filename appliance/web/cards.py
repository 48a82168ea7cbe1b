"""A task as a card of the board: what `tasks/_card.html` reads."""

from typing import NamedTuple
from urllib.parse import urlencode

from appliance import clock
from appliance.domain import lifecycle
from appliance.domain.board import Column
from appliance.domain.task_filter import Filter
from appliance.domain.tasks import Task
from appliance.web.frame import hue

LABELS = {
    "backlog": "Backlog",
    "todo": "To do",
    "in_progress": "In progress",
    "blocked": "Blocked",
    "in_review": "In review",
    "done": "Done",
    "cancelled": "Cancelled",
}
EMPTY = {
    "backlog": "Ideas without an assignee land here.",
    "todo": "Nothing to do.",
    "in_progress": "Nobody is at work.",
    "blocked": "Nothing is stuck.",
    "in_review": "Nothing waits for you.",
    "done": "Nothing is done yet.",
    "cancelled": "Nothing was cancelled.",
}
BLOCKED = {
    "budget": "waits for budget",
    "capability": "needs another provider",
    "transient": "provider failed",
    "needs_decision": "needs a decision",
    "needs_input": "needs an answer",
}
STEP = 30


class Face(NamedTuple):
    name: str
    hue: int


class Card(NamedTuple):
    number: int
    title: str
    state: str
    href: str
    running: bool
    priority: int
    labels: list[str]
    note: str
    note_tone: str
    cost_nano: int
    simulated: bool
    took_ms: int | None
    progress_done: int
    progress_total: int
    assignee: Face | None
    moves: list[tuple[str, str]]
    move_href: str


class Shown(NamedTuple):
    """A column as `tasks/_columns.html` reads it."""

    state: str
    label: str
    total: int
    tasks: list[Card]
    next_href: str
    empty: str


def column(found: Column, base: str, names: dict[str, str], may_move: bool, query: dict[str, str]) -> Shown:
    """`names` are the members' by id; `query` is the board's address as it stands."""
    cards = [card(task, base, names, may_move) for task in found.cards]
    more = query | {"show": found.state, "cards": str(len(cards) + STEP)}
    next_href = f"{base}/board?{urlencode(more)}#column-{found.state}" if found.total > len(cards) else ""
    return Shown(found.state, LABELS[found.state], found.total, cards, next_href, EMPTY[found.state])


def card(task: Task, base: str, names: dict[str, str], may_move: bool) -> Card:
    href = f"{base}/tasks/{task.number}"
    note, tone = _note(task)
    return Card(
        number=task.number,
        title=task.title,
        state=task.state,
        href=href,
        running=task.run_state == "running",
        priority=task.priority,
        labels=task.labels if task.open else [],
        note=note,
        note_tone=tone,
        cost_nano=task.cost_nano,
        simulated=task.simulated,
        took_ms=took_ms(task) if task.state == "done" else None,
        progress_done=0,
        progress_total=0,
        assignee=face(task, names),
        moves=[(state, LABELS[state]) for state in lifecycle.moves(task)] if may_move else [],
        move_href=f"{href}/move",
    )


def face(task: Task, names: dict[str, str]) -> Face | None:
    if task.agent_id:
        return Face(task.agent_name or "", hue(task.agent_id))
    return Face(names.get(task.member_id, "Former member"), hue(task.member_id)) if task.member_id else None


def took_ms(task: Task) -> int | None:
    if not (task.started_at and task.finished_at):
        return None
    return int(clock.seconds_between(task.started_at, task.finished_at) * 1000)


def query(wanted: Filter, backlog: bool) -> dict[str, str]:
    """The filter as the query of an address, without what is not set."""
    parts = {"q": wanted.q, "assignee": wanted.assignee, "label": wanted.label}
    parts |= {"priority": "" if wanted.priority is None else str(wanted.priority), "backlog": "1" if backlog else ""}
    return {name: text for name, text in parts.items() if text}


def _note(task: Task) -> tuple[str, str]:
    if task.state == "blocked":
        return BLOCKED.get(task.blocked_reason, "blocked"), "warn"
    if task.run_state in ("ready", "running", "waiting"):
        return _at_work(task)
    passed = f"{task.checks_passed} of {task.checks_total} checks" if task.checks_total else ""
    if task.state == "in_review":
        all_passed = task.checks_passed == task.checks_total
        return (passed, "good") if passed and all_passed else ("you review", "accent")
    return (passed or "done", "good") if task.state == "done" else ("", "")


def _at_work(task: Task) -> tuple[str, str]:
    if task.run_state == "running":
        return f"step {task.steps + 1}", "run"
    return ("queued", "") if task.run_state == "ready" else (f"waits: {task.run_reason}", "warn")
