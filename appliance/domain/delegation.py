"""Handing out a part of a task: each item of a plan is one sub-task, however often it is asked for."""

import hashlib
import re
from typing import NamedTuple

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import awaited, budgets, events, lifecycle, policies, tasks
from appliance.domain.actor import Actor
from appliance.domain.checks import NewCheck
from appliance.domain.runs import Run
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import Task
from appliance.errors import Problem, invalid

# Checks an agent may put on what it hands out; the others run programs, read the web or spend.
CHECKS = ("contains", "not_contains", "regex", "json_schema", "file_exists", "human_ack")
KEY_LIMIT = 60


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item of a plan. `key` names it within the plan; without one its title does.

    `plan` is the revision of the plan, the current one when left out; the next number replaces the plan, and with
    `cancel_unstarted` what the old one had handed out and nobody has begun. `after` are keys of items that come first.
    `budget_share` is a percentage of what is left of the task's own budget.
    """

    title: str
    body: str = ""
    to: str | None = None
    key: str = ""
    why: str = ""
    plan: int | None = None
    cancel_unstarted: bool = False
    after: list[str] = []
    checks: list[NewCheck] = []
    labels: list[str] = []
    priority: int = 1
    due_at: str | None = None
    budget_usd: str | float | int | None = None
    budget_share: float | None = None


class Handed(NamedTuple):
    """`new` is false for an item that had its sub-task already; `replaced` are numbers of sub-tasks of an old plan."""

    task: Task
    new: bool
    replaced: list[int]


def delegate(db: Database, actor: Actor, run: Run, item: Item) -> Handed:
    """Hand out an item of the plan for the run's task: a new sub-task, or the one it has.

    Raises Problem(forbidden) that names whom the agent may hand work to, Problem(conflict) for an old plan or a tree
    that is too deep or too wide, Problem(invalid) with the fields at fault.
    """
    with db.transaction():
        parent = tasks.get(db, run.task_id)
        plan = item.plan or parent.plan_revision
        replaced = _replan(db, actor, run, parent, plan, item.cancel_unstarted)
        key = plan_key(plan, item.key or item.title)
        if found := tasks.planned(db, parent.id, key):
            return Handed(found, False, replaced)
        made = tasks.create(db, actor, _new(db, parent, plan, key, item), run, item.why.strip()[:500])
        return Handed(made, True, replaced)


def plan_key(plan: int, key: str) -> str:
    """The name of an item among all plans of a task."""
    said = " ".join(key.lower().split())
    name = re.sub(r"[^\w]+", "-", said).strip("-")
    if name != said.replace(" ", "-") or len(name) > KEY_LIMIT:
        # Two long titles may begin alike, and C is not C++: what is left out of the name counts too.
        name = f"{name[: KEY_LIMIT - 9]}-{hashlib.sha256(said.encode()).hexdigest()[:8]}"
    return f"{plan}/{name or 'item'}"


def _replan(db: Database, actor: Actor, run: Run, parent: Task, plan: int, cancel: bool) -> list[int]:
    if plan == parent.plan_revision:
        return []
    if plan < parent.plan_revision:
        said = f"The plan of this task is at revision {parent.plan_revision}; revision {plan} was replaced."
        raise Problem("conflict", said)
    if plan != parent.plan_revision + 1:
        raise invalid(plan=f"the next plan of this task is number {parent.plan_revision + 1}")
    db.update("tasks", {"id": parent.id}, plan_revision=plan, updated_at=clock.iso())
    events.record(db, actor, "task.planned", task_id=parent.id, run_id=run.id, agent_id=actor.id, plan=plan)
    return _withdraw(db, actor, run, parent) if cancel else []


def _withdraw(db: Database, actor: Actor, run: Run, parent: Task) -> list[int]:
    """Cancel what the agent had handed out by earlier plans and nobody has begun; the numbers."""
    sql = """SELECT id FROM tasks WHERE parent_id = :id AND plan_key IS NOT NULL AND created_by = :by
      AND started_at IS NULL AND state NOT IN ('done', 'cancelled') ORDER BY number"""
    rows = db.rows(sql, {"id": parent.id, "by": actor.label})
    gone = [lifecycle.cancel(db, actor, row["id"]) for row in rows]
    taken_back = {task.id for task in gone}
    awaited.told(db, run, [child for child in awaited.of(db, parent.id) if child.id in taken_back])
    return [task.number for task in gone]


def _new(db: Database, parent: Task, plan: int, key: str, item: Item) -> NewTask:
    if bad := [check.kind for check in item.checks if check.kind not in CHECKS]:
        raise invalid(checks=f"an agent can't ask for {bad[0]}; there are {', '.join(CHECKS)}")
    return NewTask(
        title=item.title,
        body=item.body,
        assignee=_assignee(db, parent, item.to),
        priority=item.priority,
        parent_id=parent.id,
        blockers=[_sibling(db, parent, plan, name) for name in item.after],
        checks=item.checks,
        labels=item.labels,
        budget_usd=_budget(db, parent, item),
        due_at=item.due_at,
        plan_key=key,
    )


def _assignee(db: Database, parent: Task, name: str | None) -> str | None:
    """The agent's id, by its slug, its id or its whole name in any case. Raises Problem(invalid)."""
    if not name:
        return None
    sql = """SELECT id FROM agents WHERE deleted_at IS NULL AND hidden = FALSE
      AND (slug = :name OR id = :name OR LOWER(name) = :name)
      ORDER BY CASE WHEN slug = :name THEN 0 ELSE 1 END, id LIMIT 1"""
    if row := db.one(sql, {"name": name.strip().lower()}):
        return str(row["id"])
    known = policies.may_hand_to(db, parent.agent_id) if parent.agent_id else []
    named = ", ".join(one.slug for one in known[: policies.SHOWN]) or "nobody"
    raise invalid(to=f"there is no agent '{name}'; this one may hand work to: {named}")


def _sibling(db: Database, parent: Task, plan: int, name: str) -> str:
    if found := tasks.planned(db, parent.id, plan_key(plan, name)):
        return found.id
    raise invalid(after=f"plan {plan} has no item '{name}' yet; hand that one out first")


def _budget(db: Database, parent: Task, item: Item) -> str | float | int | None:
    """US dollars, or None for no limit of its own."""
    if item.budget_share is None:
        return item.budget_usd
    own = next((b for b in budgets.of(db, "task", parent.id) if b.span == "lifetime"), None)
    if own is None:
        raise invalid(budget_share="this task has no budget to share; give budget_usd instead")
    if not 0 < item.budget_share <= 100:
        raise invalid(budget_share="give a percentage, more than 0 and at most 100")
    return f"{max(0, own.left_nano) * item.budget_share / 100 / budgets.NANO:.9f}"
