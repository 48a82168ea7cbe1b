"""Tasks: pieces of work with one assignee, a parent, blockers and acceptance checks."""

from typing import Any, NamedTuple

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import (
    agents,
    budgets,
    checks,
    events,
    families,
    graph,
    handing,
    policies,
    quotas,
    records,
    runs,
    task_forms,
    wakes,
)
from appliance.domain.actor import Actor
from appliance.domain.checks import NewCheck
from appliance.domain.instances import landing
from appliance.domain.runs import Run
from appliance.domain.task_forms import NewTask, TaskChange
from appliance.errors import Problem, invalid, not_found

STATES = ("backlog", "todo", "in_progress", "in_review", "blocked", "done", "cancelled")
OPEN = ("backlog", "todo", "in_progress", "in_review", "blocked")


class Task(msgspec.Struct, frozen=True):
    """`cost_nano` is what its runs have cost so far, in nano-dollars; `checks_*` count its acceptance checks.

    `simulated` says that some of that cost was made up by a simulated provider. `on_parent_close` says what becomes of
    an open sub-task when its parent is cancelled (cancel or keep), `plan_key` which item of its parent's plan it is,
    `handed_by` which run handed it out and `handed_why` its reason. `workspace_of` is the task in whose folder of files
    it works, None for its own.
    """

    id: str
    number: int
    title: str
    body: str
    state: str
    blocked_reason: str
    blocked_detail: str
    agent_id: str | None
    member_id: str | None
    priority: int
    parent_id: str | None
    labels: list[str]
    due_at: str | None
    result: str
    cycle: int
    cost_nano: int
    run_id: str | None
    created_by: str
    created_at: str
    updated_at: str
    started_at: str | None
    finished_at: str | None
    time_limit_s: int | None = None
    agent_slug: str | None = None
    agent_name: str | None = None
    run_state: str | None = None
    run_reason: str | None = None
    run_cost_nano: int | None = None
    checks_total: int = 0
    checks_passed: int = 0
    steps: int = 0
    simulated: bool = False
    on_parent_close: str = "cancel"
    plan_key: str | None = None
    plan_revision: int = 1
    handed_by: str | None = None
    handed_why: str = ""
    workspace_of: str | None = None

    @property
    def assignee(self) -> str | None:
        return self.agent_slug or (f"member:{self.member_id}" if self.member_id else None)

    @property
    def open(self) -> bool:
        return self.state in OPEN


SELECT = """
SELECT t.*, a.slug AS agent_slug, a.name AS agent_name, r.state AS run_state, r.reason AS run_reason,
  r.cost_nano AS run_cost_nano,
  (SELECT COUNT(*) FROM checks c WHERE c.task_id = t.id) AS checks_total,
  (SELECT COUNT(*) FROM checks c WHERE c.task_id = t.id AND c.state IN ('pass', 'waived')) AS checks_passed,
  (SELECT COUNT(*) FROM steps s WHERE s.run_id = t.run_id) AS steps,
  EXISTS (SELECT 1 FROM calls l WHERE l.task_id = t.id AND l.simulated) AS simulated
FROM tasks t
LEFT JOIN agents a ON a.id = t.agent_id
LEFT JOIN runs r ON r.id = t.run_id
"""


def task(row: Row) -> Task:
    return records.to(Task, row, ("labels",))


class _New(NamedTuple):
    id: str


def create(
    db: Database, actor: Actor, new: NewTask, origin: Run | None = None, why: str = "", asks_up: bool = False
) -> Task:
    """Raises Problem(invalid) with the fields at fault. Starts a run when an agent is assigned, unless told not to.

    A sub-task whose `plan_key` the parent has already is that one: a plan carried out twice makes nothing twice.
    `origin` is the run that makes it and `why` its reason. Raises Problem(forbidden) for an agent that may not hand
    work to the assignee; a question to its manager (`asks_up`) it always may. Raises Problem(quota).
    """
    actor.need("operator")
    task_forms.check_new(new)
    with db.transaction():
        agent_id, member_id = assignee(db, new.assignee)
        starts = new.start if new.start is not None else agent_id is not None
        if starts and agent_id is None:
            raise invalid(start="only work assigned to an agent can be started")
        quotas.room(db)
        parent = get(db, new.parent_id) if new.parent_id else None
        if parent and new.plan_key and (found := planned(db, parent.id, new.plan_key)):
            return found
        if parent:
            handing.check(db, actor, parent.id)
        if agent_id and not asks_up:
            policies.check(db, actor, agent_id)
        row = _row(db, actor, new, parent, origin)
        db.insert("tasks", row | {"agent_id": agent_id, "member_id": member_id, "handed_why": why})
        checks.add(db, actor, row["id"], new.checks)
        waits = list(dict.fromkeys(get(db, ref).id for ref in new.blockers))
        graph.add_blockers(db, row["id"], row["parent_id"], waits)
        if new.budget_usd is not None:
            budgets.put(db, actor, "task", row["id"], "lifetime", budgets.nano(new.budget_usd, "budget_usd"))
        event = events.record(db, actor, "task.created", task_id=row["id"], agent_id=agent_id)
        if starts and not (waits and open_blockers(db, row["id"])):
            wakes.wake(db, actor, _New(row["id"]), "started", event, origin=origin)
        return get(db, row["id"])


def _row(db: Database, actor: Actor, new: NewTask, parent: Task | None, origin: Run | None) -> Row:
    now = clock.iso()
    row: Row = {"id": ids.new(), "number": db.next_number("task"), "title": new.title.strip(), "body": new.body}
    row |= {"state": "todo" if new.assignee else "backlog", "priority": new.priority, "due_at": new.due_at}
    row |= {"parent_id": parent.id if parent else None, "plan_key": new.plan_key or None}
    row |= {"on_parent_close": new.on_parent_close, "labels": records.dump(task_forms.clean_labels(new.labels))}
    row |= {"time_limit_s": new.time_limit_s, "created_by": actor.label, "handed_by": origin.id if origin else None}
    return row | {"created_at": now, "updated_at": now}


def planned(db: Database, parent_id: str, plan_key: str) -> Task | None:
    """The sub-task that is this item of the parent's plan."""
    row = db.one(SELECT + "WHERE t.parent_id = :parent AND t.plan_key = :key", {"parent": parent_id, "key": plan_key})
    return task(row) if row else None


def get(db: Database, ref: str) -> Task:
    """By id or number. Raises Problem(not_found)."""
    number = int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 16 else -1
    row = db.one(SELECT + "WHERE t.id = :ref OR t.number = :number", {"ref": ref, "number": number})
    if row is None:
        raise not_found("task")
    return task(row)


def change(db: Database, actor: Actor, ref: str, change: TaskChange) -> Task:
    """A null budget removes it. Raises Problem(conflict) when the assignee of a running task would change."""
    actor.need("operator")
    with db.transaction():
        return _change(db, actor, get(db, ref), change)


def _change(db: Database, actor: Actor, found: Task, change: TaskChange) -> Task:
    given: dict[str, Any] = {k: v for k, v in msgspec.structs.asdict(change).items() if v is not msgspec.UNSET}
    after = {**msgspec.structs.asdict(found), **given}
    task_forms.check(after["title"], after["body"], after["priority"], after["due_at"])
    task_forms.check_time_limit(after["time_limit_s"])
    task_forms.check_on_parent_close(after["on_parent_close"])
    if "assignee" in given:
        landing.refuse_root(db, found.id)
        given["agent_id"], given["member_id"] = assignee(db, given.pop("assignee"))
        if found.run_state in runs.OPEN and given["agent_id"] != found.agent_id:
            raise Problem("conflict", "An agent is at work on this task. Cancel its run first.")
        if given["agent_id"]:
            policies.check(db, actor, given["agent_id"])
    if "labels" in given:
        given["labels"] = records.dump(task_forms.clean_labels(given["labels"]))
    events.record(db, actor, "task.changed", task_id=found.id, fields=sorted(given))
    if "budget_usd" in given:
        usd = given.pop("budget_usd")
        limit = None if usd is None else budgets.nano(usd, "budget_usd")
        budgets.put(db, actor, "task", found.id, "lifetime", limit)
    db.update("tasks", {"id": found.id}, updated_at=clock.iso(), **given)
    if "agent_id" in given:
        families.reassigned(db, actor, found.id)
    return get(db, found.id)


def open_blockers(db: Database, task_id: str) -> list[Task]:
    """Blockers that are not done; a cancelled blocker holds unless its edge says release."""
    where = """JOIN task_blockers e ON e.blocker_id = t.id WHERE e.task_id = :id
      AND t.state <> 'done' AND NOT (t.state = 'cancelled' AND e.on_cancel = 'release') ORDER BY t.number"""
    return [task(row) for row in db.rows(SELECT + where, {"id": task_id})]


def children(db: Database, task_id: str, limit: int = 1000) -> list[Task]:
    """The first of its sub-tasks: a workflow may have made ten thousand."""
    where = "WHERE t.parent_id = :id ORDER BY t.number LIMIT :limit"
    return [task(row) for row in db.rows(SELECT + where, {"id": task_id, "limit": limit})]


def open_children(db: Database, task_id: str) -> tuple[int, Task | None]:
    """How many of its sub-tasks have not ended, and the first of them."""
    sql = """SELECT COUNT(*) AS n, MIN(number) AS first FROM tasks
      WHERE parent_id = :id AND state NOT IN ('done', 'cancelled')"""
    row = db.rows(sql, {"id": task_id})[0]
    return int(row["n"]), get(db, str(row["first"])) if row["n"] else None


def add_checks(db: Database, actor: Actor, ref: str, new: list[NewCheck]) -> list[checks.Check]:
    """More acceptance checks; all of the task's. Raises Problem(conflict) when the task has ended."""
    actor.need("operator")
    with db.transaction():
        found = get(db, ref)
        if not found.open:
            raise Problem("conflict", f"The task is {found.state}. Reopen it first.")
        checks.add(db, actor, found.id, new)
        events.record(db, actor, "task.changed", task_id=found.id, fields=["checks"])
    return checks.of_task(db, found.id)


def assignee(db: Database, ref: str | None) -> tuple[str | None, str | None]:
    """(agent id, member id). Members are known by `member:<id>`; anything else names an agent."""
    if not ref:
        return None, None
    if ref.startswith("member:"):
        return None, ref.removeprefix("member:")
    try:
        return agents.find(db, ref)["id"], None
    except Problem:
        raise invalid(assignee=f"there is no agent '{ref}'") from None
