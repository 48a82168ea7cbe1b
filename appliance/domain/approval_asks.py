"""Asking a person: one live approval for each step, bound to exactly what would be done."""

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import absences, approval_expiry, approval_lists, records
from appliance.domain.actor import Actor
from appliance.domain.approval_rows import KINDS, Approval, get
from appliance.domain.approval_uses import tell
from appliance.domain.ask_forms import ACTION, Ask
from appliance.errors import invalid

TITLE_LIMIT = 300


def ask(
    db: Database,
    actor: Actor,
    ask: Ask,
    *,
    task_id: str | None = None,
    run_id: str | None = None,
    step_key: str = "",
    agent_id: str | None = None,
) -> Approval:
    """The live approval of this payload, or a new one that replaces a live one of another payload.

    In the caller's transaction. Raises Problem(invalid) for a default that would approve by silence.
    """
    _check(ask)
    row: Row = {"kind": ask.kind, "task_id": task_id, "run_id": run_id, "step_key": step_key, "agent_id": agent_id}
    with db.transaction():
        earlier = approval_lists.live(db, row)
        if earlier and approval_expiry.expire(db, earlier):
            earlier = None
        if earlier and earlier.digest == ask.digest:
            return earlier
        row = {"id": ids.new(), "state": "pending"} | row | _content(db, actor, ask)
        if earlier:
            db.update("approvals", {"id": earlier.id}, state="superseded", superseded_by=row["id"])
            tell(db, actor, "superseded", row | {"id": earlier.id}, superseded_by=row["id"])
        db.insert("approvals", row)
        tell(db, actor, "requested", row)
    return get(db, row["id"])


def _check(ask: Ask) -> None:
    if ask.kind not in KINDS:
        raise invalid(kind=f"take one of {', '.join(KINDS)}")
    if not ask.title.strip() or len(ask.title) > TITLE_LIMIT:
        raise invalid(title=f"write between 1 and {TITLE_LIMIT} characters")
    if ask.kind == "action" and set(ask.payload) != set(ACTION):
        raise invalid(payload="an action names its tool, arguments and target, and nothing else")
    if ask.on_expiry == "reject":
        return
    if ask.kind != "question" or ask.estimate_nano:
        raise invalid(on_expiry="silence approves nothing: only a question that costs nothing has a default answer")
    if ask.options and ask.on_expiry not in {option.value for option in ask.options}:
        raise invalid(on_expiry="the default answer is not one of the options")


def _content(db: Database, actor: Actor, ask: Ask) -> Row:
    now_for = absences.responsible(db, ask.assigned_to, ask.backup_to)
    row: Row = {"title": ask.title.strip(), "detail": ask.detail, "payload": records.dump(ask.payload)}
    row |= {"digest": ask.digest, "estimate_nano": ask.estimate_nano, "policy_version": ask.policy_version}
    row |= {"options": records.dump(ask.options), "requested_by": actor.label, "requested_name": actor.name}
    row |= {"assigned_to": now_for, "backup_to": ask.backup_to, "created_at": clock.iso()}
    row |= {"passed_from": None if now_for == ask.assigned_to else ask.assigned_to}
    row |= {"remind_s": ask.remind_s and int(ask.remind_s), "on_expiry": ask.on_expiry}
    clocks = {"expires_at": ask.expires_s, "remind_at": ask.remind_s, "escalate_at": ask.escalate_s}
    clocks["warn_at"] = approval_expiry.warn_at(ask.expires_s)
    return row | {name: None if seconds is None else clock.ahead(seconds) for name, seconds in clocks.items()}
