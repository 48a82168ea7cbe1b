"""The one verb by which a person decides what the engine may not decide, whatever it is about."""

from collections.abc import Callable
from typing import Any

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import (
    answers,
    approval_expiry,
    approvals,
    breakers,
    budget_decisions,
    doubt,
    records,
    tasks,
    wakes,
)
from appliance.domain.actor import Actor
from appliance.domain.approval_rows import Approval
from appliance.domain.approval_uses import tell
from appliance.domain.decision_checks import check
from appliance.domain.decision_rights import OVER, SAID, closed, refusal
from appliance.domain.instances import landing
from appliance.errors import Problem

BECOMES = {"approve": "approved", "answer": "approved", "reject": "rejected", "request_changes": "changes_requested"}
Apply = Callable[[Database, Actor, Approval, str, dict[str, Any]], None]


def _left_to_the_run(db: Database, actor: Actor, found: Approval, verdict: str, given: dict[str, Any]) -> None:
    """The run that asked reads the verdict when it goes on, and uses an approval up itself."""


def _tell_the_workflow(db: Database, actor: Actor, found: Approval, verdict: str, given: dict[str, Any]) -> None:
    landing.approval(db, actor, found.id)


# What a verdict does at once, by kind, in the transaction that stores it.
VERDICTS: dict[str, Apply] = {
    "action": _left_to_the_run,
    "question": _left_to_the_run,
    "budget": budget_decisions.apply,
    "in_doubt": doubt.apply,
    "breaker": breakers.apply,
    "step": _tell_the_workflow,
}


def decide(
    db: Database, actor: Actor, approval_id: str, verdict: str, note: str = "", given: dict[str, Any] | None = None
) -> Approval:
    """Settle a pending approval, let its kind act on it, and wake the run: one transaction.

    `given` holds `option` (its value) and `amount_usd` where the option asks for one; for a question `option`, the
    ticked `options`, or the changed `items` of a plan (answers.py). Repeating the verdict changes nothing. Raises
    Problem(conflict) that names who decided otherwise, Problem(forbidden), Problem(invalid).
    """
    given = {name: value for name, value in (given or {}).items() if value not in (None, "")}
    with db.transaction():
        found = approvals.get(db, approval_id)
        if why_not := refusal(actor, found):
            raise Problem("forbidden", why_not)
        if found.decided_by and _same(found, verdict, note, given):
            return found
        if over := closed(found):
            raise Problem("conflict", over)
        check(found, verdict, note, given)
        given = answers.settled(found, given) if verdict == "answer" else given
        _settle(db, actor, found, verdict, note, given)
        found = approvals.get(db, approval_id)
        act = VERDICTS[found.kind]
        act(db, actor, found, verdict, given)
        if act is not _left_to_the_run and found.state == "approved":
            approvals.consume(db, found.id, found.digest)
        approval_expiry.wake(db, found.run_id, wakes.INTERACTIVE)
        if found.kind == "question" and found.task_id and not found.run_id:
            _answered(db, actor, found)
    return approvals.get(db, approval_id)


def _answered(db: Database, actor: Actor, found: Approval) -> None:
    """A question that no run waits with: its task's agent hears the answer by a wake."""
    task = tasks.get(db, str(found.task_id))
    if task.agent_id:
        wakes.wake(db, actor, task, "answered", None, lane=wakes.INTERACTIVE, about=found.id)


def _same(found: Approval, verdict: str, note: str, given: dict[str, Any]) -> bool:
    if found.verdict != verdict:
        return False
    if verdict == "answer":
        return found.note == note.strip() and found.given == answers.settled(found, given)
    return found.given == given


def _settle(db: Database, actor: Actor, found: Approval, verdict: str, note: str, given: dict[str, Any]) -> None:
    values: Row = {"state": BECOMES[verdict], "verdict": verdict, "note": note.strip(), "given": records.dump(given)}
    values |= {"decided_by": actor.label, "decided_name": actor.name, "decided_at": clock.iso()}
    sets = ", ".join(f"{name} = :{name}" for name in values)
    in_time = f"state = 'pending' AND (expires_at IS NULL OR expires_at > {db.now_sql})"
    sql = f"UPDATE approvals SET {sets} WHERE id = :id AND {in_time}"
    if not db.execute(sql, values | {"id": found.id, "now": clock.iso()}):
        raise Problem("conflict", OVER["expired"])
    tell(db, actor, SAID[verdict], msgspec.structs.asdict(found))
