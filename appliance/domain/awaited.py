"""What the run of a parent waits for: its sub-tasks, what is new about them, and what it was told already."""

from typing import Protocol

import msgspec

from appliance.db.database import Database
from appliance.domain import records

# What a child can be blocked by that its parent's agent can do something about; money and leave are a person's.
TROUBLE = ("needs_input", "needs_decision", "capability", "transient")
RESULT_LIMIT = 3000
TEXT_LIMIT = 14_000
WAIT = "child"
_CHILDREN = """
SELECT t.id, t.number, t.title, t.state, t.blocked_reason, t.blocked_detail, t.result, t.cycle, t.run_id, t.created_by,
  t.heard, COALESCE(a.slug, '') AS agent_slug, COALESCE(a.name, 'a person') AS agent_name
FROM tasks t LEFT JOIN agents a ON a.id = t.agent_id
WHERE t.parent_id = :id AND (a.id IS NOT NULL OR (t.member_id IS NOT NULL AND t.created_by LIKE 'agent:%'))
ORDER BY t.number
"""


class Waiter(Protocol):
    """The parent's run, as far as this has to know it."""

    @property
    def id(self) -> str: ...
    @property
    def task_id(self) -> str: ...
    @property
    def agent_id(self) -> str: ...


class Child(msgspec.Struct, frozen=True):
    """A sub-task of an agent's, or one that a person took over from an agent.

    `heard` says which run was told about it last, and of what.
    """

    id: str
    number: int
    title: str
    state: str
    blocked_reason: str
    blocked_detail: str
    result: str
    cycle: int
    run_id: str | None
    created_by: str
    heard: str
    agent_slug: str
    agent_name: str

    @property
    def ended(self) -> bool:
        return self.state in ("done", "cancelled")

    @property
    def stuck(self) -> bool:
        return self.state == "blocked" and self.blocked_reason in TROUBLE

    def mark(self, run: Waiter) -> str:
        """What `heard` is once the run was told how the sub-task stands now."""
        return f"{run.id} {self.cycle}:{self.state}:{self.blocked_reason}:{self.run_id}"


def of(db: Database, task_id: str) -> list[Child]:
    """The sub-tasks that agents work on or handed to people, oldest first."""
    return [records.to(Child, row) for row in db.rows(_CHILDREN, {"id": task_id})]


def news(db: Database, run: Waiter, only: str = "") -> list[Child] | None:
    """What the run can be told now; None while it has to wait.

    It waits until all have ended; one that failed, was cancelled or needs input ends the wait at once, but only once.
    `only` is the id of a sub-task when the others are no matter.
    """
    found = [child for child in of(db, run.task_id) if only in ("", child.id)]
    fresh = [child for child in found if (child.ended or child.stuck) and child.heard != child.mark(run)]
    at_work = any(not child.ended and not child.stuck for child in found)
    if any(child.state != "done" for child in fresh) or (fresh and not at_work):
        return fresh
    return [] if all(child.ended for child in found) else None


def pending(db: Database, run: Waiter) -> bool:
    """Whether the agent has handed out work in this task of which this run does not know yet how it ended."""
    label = f"agent:{run.agent_id}"
    mine = (child for child in of(db, run.task_id) if child.created_by == label)
    return any(not child.ended or child.heard != child.mark(run) for child in mine)


def told(db: Database, run: Waiter, found: list[Child]) -> None:
    """Keep that the run knows. In the transaction that records what it was told."""
    for child in found:
        db.update("tasks", {"id": child.id}, heard=child.mark(run))


def words(db: Database, run: Waiter, found: list[Child]) -> str:
    """What the run is told of these, and how many are left; at most TEXT_LIMIT characters."""
    every = of(db, run.task_id)
    parts = [sentence(child) for child in found]
    open_ = [child for child in every if not child.ended]
    if open_:
        left = ", ".join(f"#{child.number} {child.title} ({child.state.replace('_', ' ')})" for child in open_[:20])
        parts.append(f"{len(open_)} of {len(every)} sub-tasks are open: {left}.")
    elif every:
        parts.append(f"All {len(every)} sub-tasks have ended.")
    else:
        parts.append("This task has no sub-tasks of agents.")
    text = "\n\n".join(parts)
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + "\n[shortened; task.look shows each result]"


def sentence(child: Child, limit: int = RESULT_LIMIT) -> str:
    """How it stands, with its result or what holds it."""
    head = f"#{child.number} {child.title}, by {child.agent_name}: {child.state.replace('_', ' ')}."
    said = child.result if child.ended else child.blocked_detail
    return f"{head}\n{said[:limit]}{' […]' if len(said) > limit else ''}" if said else head
