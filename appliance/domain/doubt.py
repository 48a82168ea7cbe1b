"""Effects of unknown outcome: the worker died between the beginning and the record, and nobody may guess."""

from typing import Any

from appliance import clock
from appliance.db.database import Database
from appliance.domain import approvals, events, records, runs, standing, steps
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.approvals import Approval, Ask, Option
from appliance.domain.runs import Run
from appliance.domain.steps import Step

OPTIONS = [
    Option("done", "It happened", "Go on as if the step had answered; say what came of it in the note."),
    Option("again", "Run it again", "It did not happen, or twice does no harm."),
]


def park(db: Database, run: Run, step: Step) -> None:
    """Set the run aside with one question to a person. In a transaction; raises FenceLost."""
    title = f"Did {step.name} happen? It may already have."
    began = step.started_at[:19].replace("T", " ")
    detail = (
        f"{step.name} was begun at {began} UTC and the worker died before it could record what came of it. "
        "Look at the place where it would show, then say what you found."
    )
    if not runs.park(db, run, "in_doubt", f"{title} {detail}"):
        return
    payload = {"step": step.key, "effect": step.effect, "began": step.started_at, "input": step.input}
    asked = Ask("in_doubt", title, detail, payload, options=OPTIONS)
    approvals.ask(db, SYSTEM, asked, **run.ids, step_key=step.key)


def apply(db: Database, actor: Actor, approval: Approval, verdict: str, given: dict[str, Any]) -> None:
    """What a person found out: `given["option"]` is done or again; a rejection ends the run. In a transaction."""
    run = runs.get(db, str(approval.run_id))
    if run.state != "parked":
        return
    if verdict == "reject":
        runs.request_cancel(db, actor, run.id)
        standing.block(db, run.task_id, "needs_decision", "Stopped at a step of unknown outcome.", run.id)
        return
    _settle(db, run, approval, "confirmed" if given["option"] == "done" else "again", actor)
    db.update("runs", {"id": run.id}, state="ready", ready_at=clock.iso(), reason="", claims_without_progress=0)
    standing.unblock(db, actor, run.task_id, run.id)
    events.record(db, actor, "run.ready", **run.ids)


def _settle(db: Database, run: Run, approval: Approval, state: str, actor: Actor) -> None:
    said = approval.note or "A person confirmed that this step was carried out; its answer was lost."
    step = next(s for s in steps.of_run(db, run.id) if s.key == approval.step_key)
    result = {"ok": True, "preview": said[:400], "answer": said, "value": said, "confirmed_by": actor.label}
    db.update("steps", {"run_id": run.id, "key": step.key}, state=state, result=records.dump(result))
    events.record(db, actor, f"step.{state}", **run.ids, key=step.key)
