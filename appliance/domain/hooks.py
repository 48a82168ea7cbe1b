"""Hooks: secret addresses for programs outside. Posting to one sends a signal to the open run of its task."""

from typing import Any

import msgspec

from appliance import clock, crypto, ids
from appliance.db.database import Database, Row
from appliance.domain import audit, records, signals, tasks
from appliance.domain.actor import Actor
from appliance.errors import Problem, not_found

PREFIX = "hook_"
PATH = "/hooks/"
TOUCH_SECONDS = 60


class Hook(msgspec.Struct, frozen=True):
    """`name` is that of the signal; `used_at` is when somebody last posted, to the minute."""

    id: str
    tenant_id: str
    task_id: str
    name: str
    created_by: str
    created_at: str
    used_at: str | None
    revoked_at: str | None

    @property
    def actor(self) -> Actor:
        return Actor("hook", self.id, self.name, "operator")


class IssuedHook(Hook, frozen=True, kw_only=True):
    """The only time the address is seen."""

    url: str


class FoundHook(Hook, frozen=True, kw_only=True):
    """What a token opens, with what its tenant allows."""

    tenant_state: str


class NewHook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


class Delivered(msgspec.Struct, frozen=True):
    """`reason` is a sentence for whoever posted: what became of it, or why nothing did."""

    accepted: bool
    reason: str


def create(control: Database, actor: Actor, tenant_id: str, task_id: str, name: str, link: str) -> IssuedHook:
    """`link` is where the box is reached. Raises Problem(forbidden) for a viewer, Problem(invalid)."""
    actor.need("operator")
    signals.check_name(name)
    token = ids.token(PREFIX)
    row: Row = {"id": ids.new(), "tenant_id": tenant_id, "task_id": task_id, "name": name}
    row |= {"created_by": actor.label, "created_at": clock.iso()}
    with control.transaction():
        control.insert("hooks", row | {"digest": crypto.digest(token)})
        audit.record(control, actor, "hook.created", f"{row['id']} {name}", tenant_id)
    return records.to(IssuedHook, row | {"used_at": None, "revoked_at": None, "url": link + PATH + token})


def of_task(control: Database, tenant_id: str, task_id: str) -> list[Hook]:
    """Newest first, revoked ones too."""
    sql = "SELECT * FROM hooks WHERE tenant_id = :tenant AND task_id = :task ORDER BY id DESC"
    return [records.to(Hook, row) for row in control.rows(sql, {"tenant": tenant_id, "task": task_id})]


def revoke(control: Database, actor: Actor, tenant_id: str, task_id: str, hook_id: str) -> None:
    """Revoking twice is no error. Raises Problem(forbidden) for a viewer, Problem(not_found)."""
    actor.need("operator")
    with control.transaction():
        found = next((hook for hook in of_task(control, tenant_id, task_id) if hook.id == hook_id), None)
        if found is None:
            raise not_found("hook of this task")
        if found.revoked_at is None:
            control.update("hooks", {"id": hook_id}, revoked_at=clock.iso())
            audit.record(control, actor, "hook.revoked", hook_id, tenant_id)


def find(control: Database, token: str) -> FoundHook:
    """Raises Problem(not_found), the same for a token that never was and for a revoked one."""
    # The digest is what is compared, so the time it takes says nothing about a token.
    sql = """SELECT h.*, t.state AS tenant_state FROM hooks h JOIN tenants t ON t.id = h.tenant_id
      WHERE h.digest = :digest AND h.revoked_at IS NULL"""
    row = control.one(sql, {"digest": crypto.digest(token)})
    if row is None:
        raise not_found("hook")
    if row["used_at"] is None or row["used_at"] < clock.ahead(-TOUCH_SECONDS):
        control.update("hooks", {"id": row["id"]}, used_at=clock.iso())
    return records.to(FoundHook, row)


def deliver(db: Database, hook: FoundHook, payload: Any, idem: str = "") -> Delivered:
    """Send the hook's signal to the task's run. What the state of the work forbids is an answer, not an error.

    The same `idem` again is accepted and sends nothing, also when another run of the task has begun meanwhile.
    Raises Problem(too_large) and Problem(invalid) for what no state would change.
    """
    if hook.tenant_state != "active":
        return Delivered(False, f"The tenant is {hook.tenant_state}.")
    with db.transaction():
        task = tasks.get(db, hook.task_id)
        if idem and signals.arrived(db, task.id, hook.name, idem):
            return Delivered(True, "It had arrived before; nothing was sent again.")
        if not task.open:
            return Delivered(False, f"The task is {task.state}.")
        if task.run_id is None:
            return Delivered(False, "The task has no run yet.")
        try:
            signals.send(db, hook.actor, task.run_id, hook.name, payload, idem)
        except Problem as problem:
            if problem.code != "run_ended":
                raise
            return Delivered(False, problem.detail)
    return Delivered(True, "The signal is kept for the run.")
