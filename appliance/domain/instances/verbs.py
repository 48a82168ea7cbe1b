"""What a person may do with an instance."""

from typing import Any

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events, lifecycle, schema
from appliance.domain import signals as run_signals
from appliance.domain.actor import Actor
from appliance.domain.instances import advance, landing, rows, signals
from appliance.domain.instances.again import again as again
from appliance.domain.instances.rows import Instance
from appliance.domain.instances.signals import Signal
from appliance.domain.workflows.definition import WaitStep
from appliance.errors import Problem, invalid


def pause(db: Database, actor: Actor, ref: str) -> Instance:
    """Start nothing more; what is at work comes to its end. Pausing twice changes nothing."""
    actor.need("operator")
    with db.transaction():
        found = _open(db, ref)
        if found.state != "paused":
            db.update("instances", {"id": found.id}, state="paused", updated_at=clock.iso())
            _tell(db, actor, found, "paused")
    return rows.by_id(db, found.id)


def resume(db: Database, actor: Actor, ref: str) -> Instance:
    """Go on, with everything that has ended meanwhile."""
    actor.need("operator")
    with db.transaction():
        found = _open(db, ref)
        if found.state == "paused":
            # What has failed once is being undone; nothing else has a failure before its end.
            state = "undoing" if found.failure_code else "running"
            db.update("instances", {"id": found.id}, state=state, moved=True, updated_at=clock.iso())
            _tell(db, actor, found, "resumed")
            landing.ring(db, actor, found.task_id)
    return rows.by_id(db, found.id)


def cancel(db: Database, actor: Actor, ref: str) -> Instance:
    """End it with everything it has at work; what was done stays done. Cancelling twice changes nothing."""
    actor.need("operator")
    with db.transaction():
        found = rows.get(db, ref)
        if found.state != "cancelled":
            found = _open(db, ref)
            lifecycle.cancel(db, actor, found.task_id)
            advance.advance(db, found.id)
    return rows.by_id(db, found.id)


def signal(db: Database, actor: Actor, ref: str, name: str, payload: Any = None, idem: str = "") -> Signal:
    """Tell the instance something that a step waits for, or will. The same `idem` again answers the first one.

    Raises Problem(run_ended) for a finished instance, Problem(too_large) over 64 KB of JSON, Problem(invalid) for a
    payload that does not fit what the definition asks of this signal.
    """
    actor.need("operator")
    text = run_signals.checked(name, payload, idem)
    with db.transaction():
        found = rows.get(db, ref)
        if idem and (earlier := signals.known(db, found.id, name, idem)):
            return earlier
        if not found.open:
            raise Problem("run_ended", f"The workflow has ended ({found.state}); no signal reaches it.")
        _fits(db, found, name, payload)
        kept = signals.keep(db, actor.label, found.id, name, text, idem)
        landing.signal(db, actor, found.id, found.task_id, name)
    return kept


def _fits(db: Database, found: Instance, name: str, payload: Any) -> None:
    """Raises Problem(invalid) with what a step that waits for this signal would refuse."""
    waits = [step.does for step in rows.outline(db, found.workflow_id, found.version).steps]
    wanted = [does.payload_schema for does in waits if isinstance(does, WaitStep) and does.signal == name]
    fault = next((said for one in wanted if one is not None and (said := schema.fault(payload, one))), "")
    if fault:
        raise invalid(payload=fault)


def _open(db: Database, ref: str) -> Instance:
    found = rows.get(db, ref)
    if not found.open:
        raise Problem("conflict", f"The workflow has ended ({found.state}).")
    return found


def _tell(db: Database, actor: Actor, found: Instance, what: str) -> None:
    events.record(db, actor, f"instance.{what}", task_id=found.task_id, instance_id=found.id)
