"""Everything one task's page shows."""

from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from appliance.db.database import Database
from appliance.domain import (
    blockers,
    budgets,
    checks,
    comments,
    hook_deliveries,
    hooks,
    lifecycle,
    members,
    runs,
    scopes,
    steps,
    tasks,
    why,
)
from appliance.domain.checks import Check
from appliance.domain.comments import Comment
from appliance.domain.runs import Run
from appliance.domain.schedules import rows as schedules
from appliance.domain.tasks import Task
from appliance.domain.why import Why
from appliance.web import acts, approval_shape, cards, family, task_files, timeline
from appliance.web.access import asker_of
from appliance.web.acts import ACTS, Act
from appliance.web.frame import Frame, hue


class Said(NamedTuple):
    name: str
    hue: int
    at: str
    html: Markup


class Tried(NamedTuple):
    """A run in the list of runs."""

    run: Run
    href: str
    took_ms: int | None
    why: str


class Judged(NamedTuple):
    """A check as `tasks/_checks.html` reads it."""

    state: str
    label: str
    detail: str
    ack_href: str
    waive_href: str
    number: int


class Spend(NamedTuple):
    """Money as `tasks/_money.html` reads it."""

    used_nano: int
    reserved_nano: int
    limit_nano: int
    simulated: bool
    facts: list[tuple[str, int]]


def context(frame: Frame, db: Database, control: Database, files: Path, task: Task) -> dict[str, Any]:
    href = f"{frame.base}/tasks/{task.number}"
    tried = runs.of_task(db, task.id)
    names = {member.id: member.name for member in members.every(control, frame.tenant.id)}
    kin = family.context(db, task, frame.base)
    return {
        "task": task,
        "href": href,
        "body": task_files.markdown(task.body) if task.body else "",
        "result": task_files.markdown(task.result) if task.result else "",
        "assignee": cards.face(task, names),
        "acts": [ACTS[verb]._replace(href=f"{href}/{verb}") for verb in lifecycle.verbs(task)],
        "asked": approval_shape.pending(
            db, frame, asker_of(frame.request).actor, task.id, approval_shape.people(control, frame.tenant.id)
        ),
        **current(frame, db, tried, task),
        "tried": [_tried(run, frame.base) for run in tried],
        "checks": [_judged(check, task, href) for check in checks.of_task(db, task.id)],
        "files": task_files.shown(files, task, f"{href}/files"),
        "comments": [_said(comment) for comment in comments.of_task(db, task.id)],
        "spend": _spend(db, task, task.cost_nano + kin["family"].cost_nano),
        "hooks": [hook for hook in hooks.of_task(control, frame.tenant.id, task.id) if hook.revoked_at is None],
        "delivery": hook_deliveries.last_of_task(db, task.id),
        "parent": tasks.get(db, task.parent_id) if task.parent_id else None,
        **kin,
        "waits_for": blockers.before(db, task.id),
        "holds_up": blockers.after(db, task.id),
        "asked_by": _schedule(db, task.created_by) or _asked_by(task.created_by, names),
        "held": cards.BLOCKED.get(task.blocked_reason, "blocked"),
        "took_ms": cards.took_ms(task),
    }


def current(frame: Frame, db: Database, tried: list[Run], task: Task) -> dict[str, Any]:
    """The newest run's steps, and why the task stands where it stands."""
    found = why.why(db, task)
    run = tried[0] if tried else None
    lines = timeline.lines(run, steps.of_run(db, run.id), frame.base) if run else []
    took = timeline.took_ms(run) if run else None
    return {"why": found, "why_act": act_of(db, found, task, frame.base), "run": run, "steps": lines, "run_ms": took}


def act_of(db: Database, found: Why, task: Task, base: str) -> Act | None:
    """The button for what a `Why` advises; money leads to the budget that holds the work."""
    act = acts.of_why(found, task, base)
    return act._replace(href=act.href + _tightest(db, task)) if act and found.verb == "budget" else act


def _tightest(db: Database, task: Task) -> str:
    """The row of the budget with the least left: it stops a call whenever any budget of the task's work does."""
    found = budgets.on(db, scopes.of(db, agent_id=task.agent_id, task_id=task.id, run_id=task.run_id))
    return f"#budget-{min(found, key=lambda budget: budget.left_nano).id}" if found else ""


def _tried(run: Run, base: str) -> Tried:
    why_not = "In doubt: a step may have happened" if run.reason == "in_doubt" else run.failure_detail or run.reason
    return Tried(run, f"{base}/runs/{run.id}", timeline.took_ms(run), why_not)


def _judged(check: Check, task: Task, href: str) -> Judged:
    asked = check.kind == "human_ack" and check.state == "open" and task.state == "in_review"
    waivable = task.open and check.state in ("open", "fail")
    waive_href = f"{href}/checks/{check.id}/waive" if waivable else ""
    detail = check.waiver or check.detail
    return Judged(check.state, check.sentence, detail, f"{href}/approve" if asked else "", waive_href, check.ord)


def _said(comment: Comment) -> Said:
    return Said(comment.author_name, hue(comment.author_id), comment.created_at, task_files.markdown(comment.body))


def _spend(db: Database, task: Task, tree_nano: int) -> Spend:
    budget = next(iter(budgets.of(db, "task", task.id)), None)
    facts = [("With sub-tasks", tree_nano)] if tree_nano != task.cost_nano else []
    if budget is None:
        return Spend(task.cost_nano, 0, 0, task.simulated, facts)
    return Spend(task.cost_nano, budget.reserved_nano, budget.limit_nano, task.simulated, facts)


def _schedule(db: Database, created_by: str) -> str:
    name = schedules.names(db, [created_by]).get(created_by, "")
    return name and f"the schedule {name}"


def _asked_by(created_by: str, names: dict[str, str]) -> str:
    kind, _, id_ = created_by.partition(":")
    return names.get(id_) or {"key": "an API key", "system": "AgentHQ", "agent": "an agent", "hook": "a webhook"}.get(
        kind, "a former member"
    )
