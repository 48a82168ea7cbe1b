"""The one verb by which a person decides what the engine may not decide, whatever it is about."""

from collections.abc import Callable
from typing import Any

import msgspec

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import approval_clocks, approvals, budget_decisions, records
from appliance.domain.actor import ROLES, Actor, Role
from appliance.domain.approval_rows import Approval, tell
from appliance.domain.decision_verbs import ALLOWED
from appliance.errors import Problem, invalid

NOTE_LIMIT = 4000
NEEDS: dict[str, Role] = {"budget": "admin"}
BECOMES = {"approve": "approved", "answer": "approved", "reject": "rejected", "request_changes": "changes_requested"}
SAID = {"approve": "approved", "answer": "answered", "reject": "rejected", "request_changes": "changes_requested"}
OVER = {
    "expired": "It has expired: nobody decided in time.",
    "superseded": "It was replaced: what is asked has changed.",
    "withdrawn": "It was withdrawn: its run has ended.",
}
Apply = Callable[[Database, Actor, Approval, str, dict[str, Any]], None]


def _left_to_the_run(db: Database, actor: Actor, found: Approval, verdict: str, given: dict[str, Any]) -> None:
    """The run that asked reads the verdict when it goes on, and uses an approval up itself."""


# What a verdict does at once, by kind, in the transaction that stores it.
VERDICTS: dict[str, Apply] = {
    "action": _left_to_the_run,
    "question": _left_to_the_run,
    "budget": budget_decisions.apply,
}


def decide(
    db: Database, actor: Actor, approval_id: str, verdict: str, note: str = "", given: dict[str, Any] | None = None
) -> Approval:
    """Settle a pending approval, let its kind act on it, and wake the run: one transaction.

    `given` holds `option` (its value) and `amount_usd` where the option asks for one. Repeating the verdict changes
    nothing. Raises Problem(conflict) that names who decided otherwise, Problem(forbidden), Problem(invalid).
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
        _check(found, verdict, note, given)
        _settle(db, actor, found, verdict, note, given)
        found = approvals.get(db, approval_id)
        act = VERDICTS[found.kind]
        act(db, actor, found, verdict, given)
        if act is not _left_to_the_run and found.state == "approved":
            approvals.consume(db, found.id, found.digest)
        approval_clocks.wake(db, found.run_id)
    return approvals.get(db, approval_id)


def refusal(actor: Actor, found: Approval) -> str:
    """Why this actor may not decide it, as a sentence; "" when they may."""
    if actor.kind == "agent":
        return "Only a person can decide this; an agent can't."
    if actor.label == found.requested_by:
        return "You asked for this yourself. Somebody else has to decide."
    role = NEEDS.get(found.kind, "operator")
    if ROLES.index(actor.role) < ROLES.index(role):
        return f"Deciding this needs the role {role}; you are {actor.role}."
    return ""


def closed(found: Approval) -> str:
    """Why nobody can decide it any more, as a sentence that names who did; "" while it is pending."""
    if found.state == "pending":
        return ""
    if not found.decided_by:
        return OVER[found.state]
    return f"Already decided by {found.decided_name}: {SAID[found.verdict].replace('_', ' ')}."


def _same(found: Approval, verdict: str, note: str, given: dict[str, Any]) -> bool:
    words = verdict != "answer" or found.note == note.strip()
    return (found.verdict, found.given) == (verdict, given) and words


def _check(found: Approval, verdict: str, note: str, given: dict[str, Any]) -> None:
    if verdict not in ALLOWED[found.kind]:
        raise invalid(verdict=f"take one of {', '.join(ALLOWED[found.kind])}")
    if len(note) > NOTE_LIMIT:
        raise invalid(note=f"write at most {NOTE_LIMIT:,} characters")
    if verdict == "request_changes" and not note.strip():
        raise invalid(note="say what should change")
    if verdict in ("approve", "answer"):
        _check_option(found, note, given)


def _check_option(found: Approval, note: str, given: dict[str, Any]) -> None:
    """The whole value of an option decides, never words in a text that might hold it."""
    known = {option.value: option for option in found.options}
    if given.get("option") not in (known or [None]):
        raise invalid(option=f"take one of {', '.join(known)}" if known else "there is nothing to choose")
    if found.kind == "question" and not known and not note.strip():
        raise invalid(note="write an answer")
    if known and known[given["option"]].asks and not given.get("amount_usd"):
        raise invalid(amount_usd="give an amount in US dollars")


def _settle(db: Database, actor: Actor, found: Approval, verdict: str, note: str, given: dict[str, Any]) -> None:
    values: Row = {"state": BECOMES[verdict], "verdict": verdict, "note": note.strip(), "given": records.dump(given)}
    values |= {"decided_by": actor.label, "decided_name": actor.name, "decided_at": clock.iso()}
    sets = ", ".join(f"{name} = :{name}" for name in values)
    in_time = f"state = 'pending' AND (expires_at IS NULL OR expires_at > {db.now_sql})"
    sql = f"UPDATE approvals SET {sets} WHERE id = :id AND {in_time}"
    if not db.execute(sql, values | {"id": found.id, "now": clock.iso()}):
        raise Problem("conflict", OVER["expired"])
    tell(db, actor, SAID[verdict], msgspec.structs.asdict(found))
