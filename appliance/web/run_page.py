"""Everything one run's page shows."""

from typing import Any, NamedTuple

from appliance.calls import run_codes
from appliance.db.database import Database
from appliance.domain import agents, forks, revisions, run_claims, runs, step_values, steps, tasks, why
from appliance.domain.forks import Plan
from appliance.domain.run_claims import Claim
from appliance.domain.runs import Run
from appliance.domain.steps import Step
from appliance.domain.tasks import Task
from appliance.web import approval_shape, fork_words, run_steps, task_page, timeline
from appliance.web.access import asker_of
from appliance.web.acts import Act
from appliance.web.frame import Frame

TROUBLE = ("failed", "incomplete", "timed_out", "parked")
CAUSES = {"started": "Started", "forked": "Run again from a step", "retried": "Run again"}
CLAIM_ENDS = {
    "": "at work now",
    "waiting": "made room to wait",
    "lost": "the worker was lost",
    "stopped": "the server stopped",
    "parked": "set it aside",
    "succeeded": "finished it",
    "incomplete": "came to no result",
    "failed": "failed",
    "cancelled": "was stopped",
    "timed_out": "ran out of time",
}
CANCEL = Act(
    "Cancel run",
    "",
    "circle-stop",
    "danger",
    "Cancel this run?",
    "It stops within a second. The task goes back to do; files and costs stay.",
)
CHOOSE = Act("Choose a step", "#steps", "arrow-down", "primary", post=False)
OVER = Act("Start over", "", "rotate-ccw")


class Trouble(NamedTuple):
    """Why a run did not get there, and what to do."""

    title: str
    detail: str
    what_to_do: str
    code: str


class Spell(NamedTuple):
    """One claim of the run, in words."""

    claim: Claim
    ended: str
    tone: str


def context(frame: Frame, db: Database, control: Database, run: Run) -> dict[str, Any]:
    task = tasks.get(db, run.task_id)
    found = steps.of_run(db, run.id)
    may = frame.person.may("operator")
    may_fork = may and not forks.refusal(db, run, task)
    sizes = step_values.sizes(db, run.id)
    names = approval_shape.people(control, frame.tenant.id)
    asked = approval_shape.of_run(db, frame, asker_of(frame.request).actor, run.id, names)
    # A question about the run says why it stands still, with better buttons.
    trouble = None if asked else _trouble(run)
    lines = run_steps.lines(run, found, sizes, frame.base, may_fork)
    if trouble or asked:
        # The card above the steps says why.
        lines[-1] = lines[-1]._replace(detail="")
    return {
        "run": run,
        "task": task,
        "steps": lines,
        "step_count": len(found),
        "run_ms": timeline.took_ms(run),
        "agent_name": revisions.at(db, run.agent_id, run.agent_revision)["name"],
        "agent_href": f"{frame.base}/agents/{run.agent_id}" if agents.works_here(db, run.agent_id) else "",
        "tries": len(runs.of_task(db, task.id)),
        "cause": CAUSES.get(run.cause, run.cause.replace("_", " ").capitalize()),
        "spells": [_spell(claim) for claim in run_claims.of_run(db, run)],
        "before": runs.get(db, run.retry_of) if run.retry_of else None,
        "after": forks.of_run(db, run.id),
        "trouble": trouble,
        "asked": asked,
        "acts": _acts(frame, run, task, found, may_fork, bool(asked)) if may else [],
        **_standing(db, frame, run, task),
    }


def _standing(db: Database, frame: Frame, run: Run, task: Task) -> dict[str, Any]:
    """Why the task stands where it stands, while this run is what it stands on."""
    if task.run_id != run.id or not run.open:
        return {"why": None, "why_act": None}
    found = why.why(db, task)
    return {"why": found, "why_act": task_page.act_of(db, found, task, frame.base)}


def _trouble(run: Run) -> Trouble | None:
    code = run.failure_code or run.reason
    if run.state not in TROUBLE or not code:
        return None
    row = run_codes.of(code)
    # What is said once is not said again: the detail often holds title and advice.
    detail = run.failure_detail.removeprefix(f"{row.title}.").replace(row.what_to_do, "").strip()
    return Trouble(row.title, detail, row.what_to_do, code)


def _acts(frame: Frame, run: Run, task: Task, found: list[Step], may_fork: bool, in_doubt: bool) -> list[Act]:
    cancel = CANCEL._replace(href=f"{frame.base}/runs/{run.id}/cancel")
    if run.open:
        return [cancel]
    if in_doubt:
        return []
    made = _again(frame.base, run, found) if may_fork else []
    if may_fork and not made and run.state == "parked" and found:
        made.append(CHOOSE)
    if may_fork and task.run_id == run.id:
        made.append(OVER._replace(href=f"{frame.base}/tasks/{task.number}/retry"))
    if run.state == "parked":
        made.append(cancel._replace(text="End the run", confirm="End this run?"))
    return made


def _again(base: str, run: Run, found: list[Step]) -> list[Act]:
    code = run.failure_code or run.reason
    if not (found and code and run_codes.of(code).resumes):
        return []
    kept = [step for step in found if step.state == "done"]
    plan = Plan(kept, [step for step in found if step.state != "done"])
    return [fork_words.button(base, run.id, "", plan)._replace(tone="primary")]


def _spell(claim: Claim) -> Spell:
    word = claim.why if claim.end == "released" else claim.end
    more = f": {claim.why.replace('_', ' ')}" if claim.end in ("waiting", "parked", "failed") and claim.why else ""
    tone = "bad" if word in ("lost", "failed") else "run" if not word else ""
    return Spell(claim, CLAIM_ENDS.get(word, word) + more, tone)
